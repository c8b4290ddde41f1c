// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IClerkRegistry} from "./interfaces/IClerkRegistry.sol";
import {IRoundPolicy} from "./interfaces/IRoundPolicy.sol";
import {IRounds, Terms} from "./interfaces/IRounds.sol";
import {Chunks} from "./libraries/Chunks.sol";
import {Codeword} from "./libraries/Codeword.sol";
import {Commitment} from "./libraries/Commitment.sol";
import {G1} from "./libraries/G1.sol";
import {RoundTerms} from "./libraries/RoundTerms.sol";

/// @title What the rounds contract asks before it takes a request or a snapshot (PROTOCOL §2, §4, §6, §11.13); made by it.
contract RoundPolicy is IRoundPolicy {
    using RoundTerms for Terms;

    uint256 private constant MAXIMUM_SEATS = 64;
    uint256 private constant MAXIMUM_ROW = 64;
    uint256 private constant MAXIMUM_CHUNKS = type(uint16).max;
    uint256 private constant MAXIMUM_BITS = 64;
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
    function closing(Terms memory terms, bytes32 roundHash, bytes calldata arguments)
        external
        view
        returns (bytes32 root, bytes32 setHash)
    {
        IRounds.Snapshot calldata snapshot;
        assembly ("memory-safe") {
            // Where the second of two arguments is, as the caller has it, which decoded it before.
            snapshot := add(arguments.offset, calldataload(add(arguments.offset, 32)))
        }
        _checkSet(terms, snapshot);
        bool wide = terms.chunks() > 1;
        _checkShape(terms, snapshot, wide);

        IRounds.Set memory set = IRounds.Set({
            count: snapshot.count,
            noise: snapshot.noise,
            rosterRoot: snapshot.rosterRoot,
            enrolmentRoot: snapshot.enrolmentRoot,
            exclusions: 0,
            points: G1.hashes(snapshot.points)
        });
        bytes32 body = snapshot.body;
        if (wide) {
            set.points = new bytes32[](1);
            set.points[0] = body;
        } else {
            body = Commitment.body(snapshot.count, set.points, terms.reconstruction(), snapshot.corrections);
        }
        setHash = Commitment.setHash(roundHash, set);
        if (!wide) _checkPoints(snapshot, terms.reconstruction(), setHash);
        root = Commitment.node(snapshot.left, snapshot.right, body);
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
    function admit(Terms memory terms) external view returns (uint256 escrow, uint256 deposit, bool wide) {
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
        (escrow, deposit) = quote(terms);
        wide = terms.chunks() > 1;
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

    /// @dev w, L, E and B follow from the rest: a row of another length would make clerks work for nothing. So does m in a
    /// narrow round; the developer of a wide one chooses.
    function _checkEncoding(Terms memory terms) private pure {
        _within("length", terms.length, 1, type(uint32).max);
        _within("bits", terms.bits, 1, MAXIMUM_BITS);
        uint256 range = 1 << terms.bits;
        _within("offset", terms.offset, 0, range - 1);

        uint256 largestSum = terms.maximum * (range - 1) + 2 * uint256(terms.n) * terms.noiseBound;
        uint256 slotBits = Math.log2(largestSum) + 1;
        _within("slotBits", terms.slotBits, slotBits, slotBits);
        uint256 columns = Chunks.columns(terms.length, slotBits, terms.k);
        _within("m", terms.m, 2, Math.min(columns + 1, MAXIMUM_ROW));
        _within("chunks", Chunks.count(columns, terms.m), 1, MAXIMUM_CHUNKS);
    }

    function _checkWindows(Terms memory terms) private view {
        (uint256 shortest, uint256 longest) = (_settings.minimumWindow, _settings.maximumWindow);
        _within("collectWindow", terms.collectWindow, shortest, longest);
        _within("complaintWindow", terms.complaintWindow, shortest, longest);
        _within("rowWindow", terms.rowWindow, shortest, longest);
        _within("claimWindow", terms.claimWindow, shortest, longest);
    }

    // ------------------------------------------------------------------ what closes a round

    function _checkSet(Terms memory terms, IRounds.Snapshot calldata snapshot) private pure {
        if (snapshot.count < terms.minimum || snapshot.count > terms.maximum) {
            revert IRounds.CountOutOfRange(snapshot.count, terms.minimum, terms.maximum);
        }
        uint256 dealers = terms.dealers();
        uint256 present = 0;
        for (uint256 rest = snapshot.noise; rest != 0; rest &= rest - 1) {
            ++present;
        }
        if (present < dealers) revert IRounds.NoiseMissing(snapshot.noise, dealers);
        // forge-lint: disable-next-line(unsafe-typecast)
        uint64 allowed = terms.sigma == 0 ? 0 : uint64((1 << terms.n) - 1);
        if (snapshot.noise & ~allowed != 0) revert IRounds.NoiseUnexpected(snapshot.noise, allowed);
    }

    function _checkShape(Terms memory terms, IRounds.Snapshot calldata snapshot, bool wide) private pure {
        uint256 points = wide ? 0 : terms.n;
        if (snapshot.points.length != points) revert IRounds.WrongNumber("points", snapshot.points.length, points);
        uint256 late = wide ? 0 : terms.n - terms.reconstruction();
        if (snapshot.corrections.length != late) {
            revert IRounds.WrongNumber("corrections", snapshot.corrections.length, late);
        }
        if (!wide && snapshot.body != 0) revert IRounds.WrongNumber("body", uint256(snapshot.body), 0);
    }

    function _checkPoints(IRounds.Snapshot calldata snapshot, uint256 threshold, bytes32 setHash) private view {
        Codeword.Verdict verdict = Codeword.check(snapshot.points, threshold, setHash);
        if (verdict == Codeword.Verdict.PointsInvalid) revert IRounds.PointsInvalid();
        if (verdict == Codeword.Verdict.NotACodeword) revert IRounds.NotACodeword();
    }

    function _within(string memory field, uint256 value, uint256 lowest, uint256 highest) private pure {
        if (value < lowest || value > highest) revert InvalidTerm(field, value, lowest, highest);
    }
}
