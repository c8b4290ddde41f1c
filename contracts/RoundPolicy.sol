// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IClerkRegistry} from "./interfaces/IClerkRegistry.sol";
import {IRoundPolicy} from "./interfaces/IRoundPolicy.sol";
import {IRounds, Terms} from "./interfaces/IRounds.sol";
import {RoundTerms} from "./libraries/RoundTerms.sol";

/// @title What the rounds contract asks before it takes a request (PROTOCOL §2, §6, §11.13); made by it.
contract RoundPolicy is IRoundPolicy {
    using RoundTerms for Terms;

    uint256 private constant MAXIMUM_SEATS = 64;
    uint256 private constant MAXIMUM_ROW = 64;
    uint256 private constant MAXIMUM_BITS = 64;
    /// @dev A field element holds any integer of 254 bits.
    uint256 private constant ELEMENT_BITS = 254;
    uint256 private constant MAXIMUM_COUNT = 1 << 24;
    /// @dev The deposit is this many times (flat fees + abort burn), so that a forfeited one pays the committee's flat
    /// fees from a quarter, leaves at most half to a finder, and burns at least a quarter.
    uint256 private constant DEPOSIT_MULTIPLE = 4;

    IClerkRegistry private immutable REGISTRY;
    uint256 private immutable SEAT_BOND;

    IRounds.Settings private _settings;

    constructor(IClerkRegistry registry, IRounds.Settings memory settings_) {
        REGISTRY = registry;
        SEAT_BOND = registry.seatBond();
        _settings = settings_;
    }

    /// @inheritdoc IRoundPolicy
    function settings() external view returns (IRounds.Settings memory) {
        return _settings;
    }

    /// @inheritdoc IRoundPolicy
    function quote(Terms memory terms) public view returns (uint256 escrow, uint256 deposit) {
        // Far below 2^256: see {RoundTerms}.
        unchecked {
            uint256 complaints = uint256(_settings.complaintFee) * _settings.maximumExclusions;
            escrow = terms.committeeFee(terms.maximum) + terms.rewards(terms.maximum);
            escrow += _settings.drawBounty + complaints;
            deposit = DEPOSIT_MULTIPLE * (terms.flatFees() + _settings.abortBurn);
        }
    }

    /// @inheritdoc IRoundPolicy
    function admit(Terms memory terms) external view returns (uint256 escrow, uint256 deposit) {
        _checkCommittee(terms);
        _checkCounts(terms);
        _checkNoise(terms);
        _checkEncoding(terms);
        _checkWindows(terms);

        uint256 pool = REGISTRY.poolSize();
        if (4 * uint256(terms.n) > 3 * pool) revert CommitteeExceedsPool(terms.n, pool);
        _within("flatFee", terms.flatFee, _settings.minimumFlatFee, type(uint96).max);
        // More seats than n - R must fail before a round does: together they lose more than the round pays, rewards included.
        // Whoever holds them could otherwise have the sum from the others' rows, and save its developer the rewards.
        uint256 payments = terms.committeeFee(terms.maximum) + terms.rewards(terms.maximum);
        uint256 bonds = (terms.n - terms.reconstruction() + 1) * SEAT_BOND;
        if (bonds <= payments) revert PaymentsExceedBonds(payments, bonds);
        return quote(terms);
    }

    function _checkCommittee(Terms memory terms) private pure {
        _within("n", terms.n, 2, MAXIMUM_SEATS);
        _within("t", terms.t, 1, MAXIMUM_SEATS);
        _within("k", terms.k, 1, MAXIMUM_SEATS);
        if (terms.reconstruction() > terms.n) revert NotEnoughSeats(terms.reconstruction(), terms.n);
    }

    function _checkCounts(Terms memory terms) private pure {
        // A sum of one contributor is that contributor's data.
        _within("maximum", terms.maximum, 2, MAXIMUM_COUNT);
        _within("minimum", terms.minimum, 2, terms.maximum);
    }

    function _checkNoise(Terms memory terms) private pure {
        if (terms.sigma == 0) {
            _within("noiseBound", terms.noiseBound, 0, 0);
            _within("silent", terms.silent, 0, 0);
        } else {
            _within("noiseBound", terms.noiseBound, 1, type(uint64).max);
            // At least one honest dealer: n - s - t ≥ 1.
            _within("silent", terms.silent, 0, uint256(terms.n) - terms.t - 1);
        }
    }

    /// @dev w, L, E, B and m follow from the rest: a row of another length would make clerks work for nothing.
    function _checkEncoding(Terms memory terms) private pure {
        _within("length", terms.length, 1, type(uint32).max);
        _within("bits", terms.bits, 1, MAXIMUM_BITS);
        uint256 range = 1 << terms.bits;
        _within("offset", terms.offset, 0, range - 1);

        uint256 largestSum = terms.maximum * (range - 1) + 2 * uint256(terms.n) * terms.noiseBound;
        uint256 slotBits = Math.log2(largestSum) + 1;
        _within("slotBits", terms.slotBits, slotBits, slotBits);
        uint256 elements = Math.ceilDiv(terms.length, ELEMENT_BITS / slotBits);
        uint256 m = Math.ceilDiv(elements, terms.k) + 1;
        _within("m", terms.m, 2, MAXIMUM_ROW);
        _within("m", terms.m, m, m);
    }

    function _checkWindows(Terms memory terms) private view {
        (uint256 shortest, uint256 longest) = (_settings.minimumWindow, _settings.maximumWindow);
        _within("collectWindow", terms.collectWindow, shortest, longest);
        _within("complaintWindow", terms.complaintWindow, shortest, longest);
        _within("rowWindow", terms.rowWindow, shortest, longest);
        _within("claimWindow", terms.claimWindow, shortest, longest);
    }

    function _within(string memory field, uint256 value, uint256 lowest, uint256 highest) private pure {
        if (value < lowest || value > highest) revert InvalidTerm(field, value, lowest, highest);
    }
}
