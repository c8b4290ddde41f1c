// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IClerkRegistry} from "../interfaces/IClerkRegistry.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IRandomness} from "../interfaces/IRandomness.sol";
import {IRounds, Terms} from "../interfaces/IRounds.sol";
import {Rewards} from "../Rewards.sol";
import {RoundPolicy} from "../RoundPolicy.sol";
import {Chunks} from "../libraries/Chunks.sol";
import {Generators} from "../libraries/Generators.sol";
import {RoundTerms} from "../libraries/RoundTerms.sol";

/// @title What all parts of a round share: its facts, the state that follows from them, and credits.
abstract contract RoundBase is IRounds {
    using RoundTerms for Terms;

    ERC20Burnable public immutable TOKEN;
    IClerkRegistry public immutable REGISTRY;
    IRandomness public immutable RANDOMNESS;
    address public immutable GENERATORS;
    address internal immutable POLICY;
    address internal immutable REWARDS;
    address internal immutable CHECKS;
    address internal immutable DISPUTES;
    address internal immutable FRAUDS;

    uint32 internal immutable SEED_DELAY;
    uint32 internal immutable SEED_SPACING;
    uint96 internal immutable DRAW_BOUNTY;
    uint96 internal immutable ABORT_BURN;
    uint96 internal immutable NO_DATA_BURN;
    uint96 internal immutable COMPLAINT_FEE;
    uint8 internal immutable MAXIMUM_EXCLUSIONS;
    uint96 internal immutable SEAT_BOND;
    uint32 internal immutable DRAW_WINDOW;

    /// @dev Clerk ids are below 2^24: ten to a word.
    uint256 private constant SEATS_PER_WORD = 10;
    uint256 private constant ID_BITS = 24;

    /// @inheritdoc IRounds
    uint256 public rounds;
    /// @inheritdoc IRounds
    mapping(address account => uint256) public balanceOf;
    /// @inheritdoc IRounds
    mapping(address developer => uint256) public abandonedDraws;

    mapping(uint256 roundId => Round) internal _rounds;
    mapping(uint256 roundId => Terms) internal _terms;
    /// @dev Clerk ids in seat order, ten to a word.
    mapping(uint256 roundId => mapping(uint256 word => uint256)) private _seats;

    constructor(
        ERC20Burnable token,
        IClerkRegistry registry,
        IRandomness randomness,
        address generators,
        address disputes_,
        address checks_,
        Settings memory settings_
    ) {
        IClerkRegistry.Settings memory clerks = registry.settings();
        SEAT_BOND = registry.seatBond();
        DRAW_WINDOW = clerks.drawWindow;
        if (!Generators.standAt(generators)) revert InvalidSettings("generators");
        if (settings_.seedDelay == 0) revert InvalidSettings("seedDelay");
        if (settings_.seedSpacing == 0) revert InvalidSettings("seedSpacing");
        if (DRAW_WINDOW > randomness.lookback()) revert InvalidSettings("drawWindow");
        if (settings_.minimumWindow == 0 || settings_.minimumWindow > settings_.maximumWindow) {
            revert InvalidSettings("minimumWindow");
        }
        // Unbonding outlasts a round's collection, complaints and rows, those of a wide round included.
        if (clerks.unbondingPeriod < 5 * uint256(settings_.maximumWindow)) revert InvalidSettings("maximumWindow");
        if (settings_.noDataBurn > SEAT_BOND) revert InvalidSettings("noDataBurn");
        if (disputes_ == address(0)) revert InvalidSettings("disputes");
        if (checks_ == address(0)) revert InvalidSettings("checks");
        // The smallest deposit, 4 × abortBurn, pays every seat's "no data".
        if (64 * uint256(settings_.noDataBurn) > 4 * uint256(settings_.abortBurn)) {
            revert InvalidSettings("abortBurn");
        }
        TOKEN = token;
        REGISTRY = registry;
        RANDOMNESS = randomness;
        GENERATORS = generators;
        POLICY = address(new RoundPolicy(registry, settings_));
        REWARDS = address(new Rewards(token));
        DISPUTES = disputes_;
        CHECKS = checks_;
        FRAUDS = IDisputes(disputes_).frauds();
        SEED_DELAY = settings_.seedDelay;
        SEED_SPACING = settings_.seedSpacing;
        DRAW_BOUNTY = settings_.drawBounty;
        ABORT_BURN = settings_.abortBurn;
        NO_DATA_BURN = settings_.noDataBurn;
        COMPLAINT_FEE = settings_.complaintFee;
        MAXIMUM_EXCLUSIONS = settings_.maximumExclusions;
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRounds
    function policy() external view returns (address) {
        return POLICY;
    }

    /// @inheritdoc IRounds
    function rewards() external view returns (address) {
        return REWARDS;
    }

    /// @inheritdoc IRounds
    function checks() external view returns (address) {
        return CHECKS;
    }

    /// @inheritdoc IRounds
    function disputes() external view returns (address) {
        return DISPUTES;
    }

    /// @inheritdoc IRounds
    function terms(uint256 roundId) external view returns (Terms memory) {
        return _termsOf(roundId);
    }

    /// @inheritdoc IRounds
    function round(uint256 roundId) external view returns (Round memory) {
        return _rounds[roundId];
    }

    /// @inheritdoc IRounds
    function seats(uint256 roundId) external view returns (uint32[] memory clerkIds) {
        if (_rounds[roundId].drawnAt == 0) return clerkIds;
        uint256 n = _terms[roundId].n;
        clerkIds = new uint32[](n);
        for (uint256 seat = 0; seat < n; ++seat) {
            clerkIds[seat] = clerkAt(roundId, seat);
        }
    }

    /// @inheritdoc IRounds
    function deadlines(uint256 roundId)
        public
        view
        returns (uint256 collectEnd, uint256 complaintEnd, uint256 rowEnd, uint256 claimEnd)
    {
        Round storage r = _rounds[roundId];
        Terms storage t = _terms[roundId];
        if (r.drawnAt != 0) collectEnd = uint256(r.drawnAt) + t.collectWindow;
        if (r.snapshotAt != 0) {
            complaintEnd = Math.max(uint256(r.snapshotAt) + t.complaintWindow, r.extendedTo);
            // Until exclusions are settled: the latest it can become.
            uint256 rowStart = complaintEnd;
            if (r.excluded != 0) rowStart = r.settledAt != 0 ? r.settledAt : complaintEnd + t.complaintWindow;
            // In a wide round roots are posted in one window, doubted until the end of a second, opened until that of a third.
            rowEnd = rowStart + (r.wide ? 3 : 1) * uint256(t.rowWindow);
            claimEnd = rowEnd + t.claimWindow;
        }
    }

    /// @inheritdoc IRounds
    function state(uint256 roundId) public view returns (State) {
        Round storage r = _rounds[roundId];
        if (r.undrawable) return State.Undrawable;
        if (r.abandoned) return State.Abandoned;
        if (r.drawnAt == 0) {
            if (r.developer == address(0)) return State.None;
            return block.number > _lastDrawBlock(r) ? State.Missed : State.Requested;
        }

        (uint256 collectEnd, uint256 complaintEnd, uint256 rowEnd,) = deadlines(roundId);
        if (r.snapshotAt == 0) return block.timestamp < collectEnd ? State.Collecting : State.Abandoned;
        Terms storage t = _terms[roundId];
        if (r.fraud) return State.Fraud;
        // Rows of a wide round may still turn out wrong.
        uint256 rows = _popcount(r.answered);
        if (rows != 0 && rows >= uint256(t.t) + t.k && (block.timestamp >= rowEnd || !r.wide)) return State.Completed;
        bool judged = block.timestamp >= complaintEnd;
        // R rows cannot come any more: not one is taken, or whoever holds the missing seats would have the sum.
        if (_lacksData(r, t) && (judged || r.resolved == type(uint64).max)) return State.Abandoned;
        if (judged && r.excluded != 0 && r.settledAt == 0) {
            return block.timestamp < complaintEnd + t.complaintWindow ? State.Settling : State.Abandoned;
        }
        if (block.timestamp >= rowEnd || r.resolved == type(uint64).max) return State.Failed;
        return block.timestamp < complaintEnd ? State.Disputing : State.Answering;
    }

    // ------------------------------------------------------------------ for the parts

    /// @dev One place that copies the terms to memory: every further one would cost half a kilobyte of code.
    function _termsOf(uint256 roundId) internal view returns (Terms memory) {
        return _terms[roundId];
    }

    function _require(uint256 roundId, State wanted) internal view {
        State current = state(roundId);
        if (current != wanted) revert WrongState(roundId, current);
    }

    function _requireDeveloper(uint256 roundId) internal view {
        if (msg.sender != _rounds[roundId].developer) revert NotDeveloper(roundId, msg.sender);
    }

    /// @dev What a right row earns: the flat fee and, for its data, rate × N × m × C. Reads only the words it needs.
    function _rowFee(uint256 roundId) internal view returns (uint256) {
        Terms storage t = _terms[roundId];
        Round storage r = _rounds[roundId];
        return uint256(t.flatFee) + uint256(t.rate) * _counted(r) * t.m * _chunks(r, t);
    }

    /// @dev C.
    function _chunks(Round storage r, Terms storage t) internal view returns (uint256) {
        if (!r.wide) return 1;
        return Chunks.count(Chunks.columns(t.length, t.slotBits, t.k), t.m);
    }

    /// @dev What a verdict is about.
    function _caseIn(uint256 roundId, State wanted) internal view returns (Case memory) {
        _require(roundId, wanted);
        Round storage r = _rounds[roundId];
        Terms storage t = _terms[roundId];
        return Case({
            roundHash: r.roundHash,
            root: r.root,
            setHash: r.setHash,
            count: r.count,
            epoch: r.epoch,
            n: t.n,
            threshold: t.t + t.k,
            m: t.m,
            // Fewer than 2^16.
            // forge-lint: disable-next-line(unsafe-typecast)
            chunks: uint32(_chunks(r, t))
        });
    }

    /// @dev More than n - R seats declared "no data".
    function _lacksData(Round storage r, Terms storage t) internal view returns (bool) {
        return r.noData != 0 && uint256(r.noData) + t.t + t.k > t.n;
    }

    /// @dev N without the excluded.
    function _counted(Round storage r) internal view returns (uint256) {
        return r.count - r.excludedData;
    }

    /// @dev The last block in which the registry still draws.
    function _lastDrawBlock(Round storage r) internal view returns (uint256) {
        return uint256(r.seedBlock) + DRAW_WINDOW;
    }

    /// @dev A seat's bond becomes the round's; what is done with it shows when the round ends.
    function _slash(Round storage r, uint32 clerkId) internal {
        r.slashed += SEAT_BOND;
        r.held += SEAT_BOND;
        REGISTRY.release(clerkId, SEAT_BOND);
    }

    /// @dev Tokens leave the round for an account's credit: `held` falls by what `balanceOf` grows.
    function _credit(uint256 roundId, address account, uint256 amount) internal {
        if (amount == 0) return;
        _take(roundId, amount);
        balanceOf[account] += amount;
        emit Credited(account, roundId, amount);
    }

    /// @dev Tokens leave the round and exist no more.
    function _burn(uint256 roundId, uint256 amount) internal {
        if (amount == 0) return;
        _take(roundId, amount);
        TOKEN.burn(amount);
    }

    /// @dev `held` falls; what is not covered reverts.
    function _take(uint256 roundId, uint256 amount) internal {
        // forge-lint: disable-next-line(unsafe-typecast)
        _rounds[roundId].held = uint128(uint256(_rounds[roundId].held) - amount);
    }

    /// @inheritdoc IRounds
    function clerkAt(uint256 roundId, uint256 seat) public view returns (uint32) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint24(_seats[roundId][seat / SEATS_PER_WORD] >> (ID_BITS * (seat % SEATS_PER_WORD)));
    }

    function _storeSeats(uint256 roundId, uint32[] memory ids) internal {
        uint256 seat = 0;
        for (uint256 word = 0; seat < ids.length; ++word) {
            uint256 packed = 0;
            for (uint256 shift = 0; shift < SEATS_PER_WORD * ID_BITS && seat < ids.length; shift += ID_BITS) {
                packed |= uint256(ids[seat++]) << shift;
            }
            _seats[roundId][word] = packed;
        }
    }

    /// @dev The bitmap with every seat's bit set.
    function _allSeats(uint256 n) internal pure returns (uint64) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64((1 << n) - 1);
    }

    function _popcount(uint256 bits) internal pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }
}
