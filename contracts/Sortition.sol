// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IClerkRegistry} from "./interfaces/IClerkRegistry.sol";
import {SumTree} from "./libraries/SumTree.sol";
import {Weight} from "./libraries/Weight.sol";

/// @title The weighted draw of committees, without replacement, that nobody can steer once its seed is known.
/// @dev From {FORESIGHT} blocks before its seed block until it is done or expired a draw is *pending*. What it reads, and
/// why nobody can change that in this time:
/// - the tree of weights: register, registerKey, addStake, unbond, withdraw, reportLeak, release and sync only queue the
///   clerk they change, and applyQueue refuses; a new clerk's empty leaf moves no other;
/// - seats held: a seat that release frees counts as held until the queue is applied, and draws happen in the order of
///   their seed blocks, so that nobody chooses which of two draws takes a clerk's last seat;
/// - keys of the round's epoch, the current one or an earlier: registerKey refuses the current epoch, and none is ever
///   removed;
/// - the stake behind one bond more: whoever weighs anything had all its bonds covered when last weighed, a penalty is
///   never more than the bond that it frees, so releases do not change who has room. Only reportLeak (at the price of
///   three quarters of the stake) and withdraw (a whole unbonding period in which nobody applied the queue) make a clerk
///   be passed over. That gives its seat to the next of the same sequence, and whoever does it gains none; at worst,
///   passed over more than n/2 times, it fails the draw.
/// Unbonding does not excuse a clerk whose weight is still in the tree: it can be seated and leaves afterwards.
/// @dev Invariant: seats − freed bonds are part of every clerk's stake. A seat is only locked when the stake covers one
/// bond more, penalties come out of the freed seat's own bond, and withdrawing needs no seat.
abstract contract Sortition is IClerkRegistry {
    using SumTree for SumTree.Tree;

    /// @dev All that a draw reads of a clerk, in one slot.
    struct Candidate {
        uint96 stake; // token units
        uint32 keyEpoch; // last epoch with a key
        uint40 withdrawableAt; // unix seconds; 0 while bonded
        uint8 seats; // held, and freed ones not applied yet
        uint8 freed; // given back while a draw was pending
        bool queued; // waits in the queue
        bool leaked;
    }

    uint256 private constant TRIES_PER_SEAT = 16;
    /// @dev A header holds the mix that its parent left (EIP-4399), so the parent's proposer knows a seed first, and who
    /// proposes k blocks in a row before the seed block knows it k blocks early. With the seed and a tree that still moves
    /// it could try stakes until it likes the committee. 10% of the chain's stake proposes nine in a row with chance 1e-9.
    uint256 private constant FORESIGHT = 8;
    /// @dev Entries of the queue, or expired draws, that an ordinary call takes care of in passing.
    uint256 private constant IN_PASSING = 2;
    uint256 private constant EXPIRED_IN_PASSING = 16;

    address public immutable ROUNDS;
    uint96 internal immutable MINIMUM_STAKE;
    uint96 internal immutable REGISTRATION_FEE;
    uint96 internal immutable SEAT_BOND;
    uint256 private immutable STAKE_CAP;
    uint8 private immutable CAP_MULTIPLE;
    uint8 private immutable MAXIMUM_SEATS;
    uint32 internal immutable UNBONDING_PERIOD;
    uint32 private immutable EPOCH_LENGTH;
    uint32 private immutable DRAW_WINDOW;
    uint256 private immutable GENESIS;

    /// @inheritdoc IClerkRegistry
    mapping(uint32 clerkId => mapping(uint32 epoch => bytes32)) public keyHash;

    /// @dev Leaf i of the tree is clerk i + 1.
    SumTree.Tree internal _tree;
    mapping(uint32 clerkId => Candidate) internal _clerks;

    /// @dev Draws first in, first out: [_next, _scheduled) are neither done nor known to be expired.
    uint64 internal _next;
    uint64 private _scheduled;
    /// @dev Weights first in, first out: [_queueHead, _queueTail) wait.
    uint64 private _queueHead;
    uint64 private _queueTail;
    mapping(uint256 ticket => uint64) private _seedBlocks;
    mapping(uint256 position => uint32) private _queue;

    modifier onlyRounds() {
        if (msg.sender != ROUNDS) revert OnlyRounds(msg.sender);
        _;
    }

    constructor(address rounds_, Settings memory settings_) {
        if (rounds_ == address(0)) revert InvalidSettings("rounds");
        if (settings_.capMultiple == 0) revert InvalidSettings("capMultiple");
        if (settings_.maximumSeats == 0) revert InvalidSettings("maximumSeats");
        if (settings_.minimumStake < settings_.maximumSeats) revert InvalidSettings("minimumStake");
        if (settings_.unbondingPeriod == 0) revert InvalidSettings("unbondingPeriod");
        if (settings_.epochLength == 0) revert InvalidSettings("epochLength");
        if (settings_.drawWindow == 0) revert InvalidSettings("drawWindow");
        ROUNDS = rounds_;
        MINIMUM_STAKE = settings_.minimumStake;
        REGISTRATION_FEE = settings_.registrationFee;
        CAP_MULTIPLE = settings_.capMultiple;
        STAKE_CAP = uint256(settings_.capMultiple) * settings_.minimumStake;
        MAXIMUM_SEATS = settings_.maximumSeats;
        SEAT_BOND = settings_.minimumStake / settings_.maximumSeats;
        UNBONDING_PERIOD = settings_.unbondingPeriod;
        EPOCH_LENGTH = settings_.epochLength;
        DRAW_WINDOW = settings_.drawWindow;
        GENESIS = block.timestamp;
    }

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc IClerkRegistry
    function sync(uint32 clerkId) external {
        if (clerkId == 0 || clerkId > _tree.leaves) revert UnknownClerk(clerkId);
        _weigh(clerkId);
    }

    /// @inheritdoc IClerkRegistry
    function applyQueue(uint256 limit) external {
        _skipExpired(EXPIRED_IN_PASSING);
        if (drawPending()) revert DrawPending(_next);
        _applyQueue(limit);
    }

    /// @inheritdoc IClerkRegistry
    function skipExpired(uint256 limit) external {
        _skipExpired(limit);
    }

    // ------------------------------------------------------------------ the rounds contract only

    /// @inheritdoc IClerkRegistry
    function scheduleDraw(uint64 seedBlock) external onlyRounds returns (uint256 ticket) {
        ticket = _scheduled++;
        _seedBlocks[ticket] = seedBlock;
        emit DrawScheduled(ticket, seedBlock);
    }

    /// @inheritdoc IClerkRegistry
    function draw(uint256 ticket, bytes32 seed, uint8 n, uint32 epoch)
        external
        onlyRounds
        returns (Outcome outcome, uint32[] memory ids, bytes32[] memory keys)
    {
        _skipExpired(EXPIRED_IN_PASSING);
        if (ticket != _next || ticket >= _scheduled) revert NotNextDraw(ticket, _next);
        _next += 1;
        if (4 * uint256(n) > 3 * poolSize()) return (Outcome.PoolTooSmall, ids, keys);

        (outcome, ids, keys) = _select(seed, n, epoch);
        if (outcome == Outcome.Drawn) {
            for (uint256 seat = 0; seat < n; ++seat) {
                // Below the maximum: it had room.
                unchecked {
                    _clerks[ids[seat]].seats += 1;
                }
            }
        } else {
            ids = new uint32[](0);
            keys = new bytes32[](0);
        }
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IClerkRegistry
    function settings() external view returns (Settings memory) {
        return Settings({
            minimumStake: MINIMUM_STAKE,
            registrationFee: REGISTRATION_FEE,
            capMultiple: CAP_MULTIPLE,
            maximumSeats: MAXIMUM_SEATS,
            unbondingPeriod: UNBONDING_PERIOD,
            epochLength: EPOCH_LENGTH,
            drawWindow: DRAW_WINDOW
        });
    }

    /// @inheritdoc IClerkRegistry
    function seatBond() external view returns (uint96) {
        return SEAT_BOND;
    }

    /// @inheritdoc IClerkRegistry
    function epochNow() public view returns (uint32) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32((block.timestamp - GENESIS) / EPOCH_LENGTH);
    }

    /// @inheritdoc IClerkRegistry
    function epochEnd(uint32 epoch) public view returns (uint256 seconds_) {
        return GENESIS + (uint256(epoch) + 1) * EPOCH_LENGTH;
    }

    /// @inheritdoc IClerkRegistry
    function poolSize() public view returns (uint256 clerks) {
        return _tree.positive;
    }

    /// @inheritdoc IClerkRegistry
    function totalWeight() external view returns (uint256) {
        return _tree.total;
    }

    /// @inheritdoc IClerkRegistry
    function drawPending() public view returns (bool pending) {
        return _next < _scheduled && _seedBlocks[_next] <= block.number + FORESIGHT;
    }

    /// @inheritdoc IClerkRegistry
    function queueLength() external view returns (uint256) {
        return _queueTail - _queueHead;
    }

    /// @inheritdoc IClerkRegistry
    function nextTicket() external view returns (uint256) {
        return _next;
    }

    // ------------------------------------------------------------------ for the registry

    /// @dev A new clerk, of weight 0 until {_weigh}.
    function _append(uint96 stake) internal returns (uint32 clerkId) {
        // Seats store ids in 24 bits; the weights' total would overflow long before.
        if (_tree.leaves == type(uint24).max) revert RegistryFull();
        clerkId = _tree.append() + 1;
        _clerks[clerkId].stake = stake;
    }

    /// @dev Give a seat back, less a penalty. A seat freed while a draw is pending waits in the queue; otherwise a seat
    /// given back in full changes no weight, and the tree is not touched: this is part of what every row costs.
    /// @return burned What a leaked clerk loses besides: the rest of the bond.
    function _unlock(uint32 clerkId, uint96 penalty) internal returns (uint256 burned) {
        Candidate memory candidate = _clerks[clerkId];
        if (candidate.seats == candidate.freed) revert NoSeat(clerkId);
        if (candidate.leaked) burned = SEAT_BOND - penalty;
        bool pending = drawPending();
        if (pending) candidate.freed += 1;
        else candidate.seats -= 1;
        // forge-lint: disable-next-line(unsafe-typecast)
        uint96 lost = penalty + uint96(burned);
        candidate.stake -= lost;
        _clerks[clerkId] = candidate;
        if (pending || lost != 0) _weigh(clerkId);
    }

    /// @dev Bring a clerk's weight and seats up to date with the facts: now, or once no draw is pending.
    function _weigh(uint32 clerkId) internal {
        _skipExpired(IN_PASSING);
        if (!drawPending()) {
            _apply(clerkId);
            _applyQueue(IN_PASSING);
        } else if (!_clerks[clerkId].queued) {
            _clerks[clerkId].queued = true;
            _queue[_queueTail++] = clerkId;
            emit WeightQueued(clerkId);
        }
    }

    function _weightInTree(uint32 clerkId) internal view returns (uint32) {
        return _tree.get(clerkId - 1);
    }

    // ------------------------------------------------------------------ the draw

    /// @dev Draw with replacement until n different clerks came, passing over those without a seat to give.
    function _select(bytes32 seed, uint256 n, uint32 epoch)
        internal
        view
        returns (Outcome outcome, uint32[] memory ids, bytes32[] memory keys)
    {
        ids = new uint32[](n);
        keys = new bytes32[](n);
        uint256 total = _tree.total;
        uint256 seen; // Bit clerkId mod 256 of every drawn clerk: most tries need no look through the list.
        uint256 drawn;
        uint256 busy;
        for (uint256 tried = 0; tried < TRIES_PER_SEAT * n; ++tried) {
            uint32 clerkId = _tree.select(_point(seed, tried, total)) + 1;
            uint256 bit = 1 << (clerkId & 0xff);
            if (seen & bit != 0 && _contains(ids, drawn, clerkId)) continue;
            if (!_hasRoom(clerkId)) {
                if (++busy > n / 2) return (Outcome.PoolBusy, ids, keys);
                continue;
            }
            bytes32 key = keyHash[clerkId][epoch];
            if (key == 0) continue;
            ids[drawn] = clerkId;
            keys[drawn] = key;
            seen |= bit;
            if (++drawn == n) return (Outcome.Drawn, ids, keys);
        }
        return (Outcome.TriesExhausted, ids, keys);
    }

    /// @dev Uniform in [0, total): a value in the incomplete last multiple of `total` is hashed again, not reduced.
    function _point(bytes32 seed, uint256 tried, uint256 total) private pure returns (uint256 point) {
        assembly ("memory-safe") {
            mstore(0x00, seed)
            mstore(0x20, tried)
            let value := keccak256(0x00, 0x40)
            let excess := mod(sub(0, total), total) // 2^256 mod total
            // value ≥ 2^256 - excess
            for {} lt(not(value), excess) {} {
                mstore(0x00, value)
                value := keccak256(0x00, 0x20)
            }
            point := mod(value, total)
        }
    }

    function _contains(uint32[] memory ids, uint256 drawn, uint32 clerkId) private pure returns (bool) {
        for (uint256 i = 0; i < drawn; ++i) {
            if (ids[i] == clerkId) return true;
        }
        return false;
    }

    /// @dev A freed seat still takes room but no bond any more: its penalty must not cost the clerk another seat's room.
    function _hasRoom(uint32 clerkId) private view returns (bool) {
        Candidate storage candidate = _clerks[clerkId];
        // Together, so that the slot is read once.
        (uint256 seats, uint256 freed, uint256 stake) = (candidate.seats, candidate.freed, candidate.stake);
        // freed ≤ seats < 2^8, a bond is below 2^96.
        unchecked {
            return seats < MAXIMUM_SEATS && stake >= (seats - freed + 1) * SEAT_BOND;
        }
    }

    // ------------------------------------------------------------------ the queues

    function _skipExpired(uint256 limit) private {
        uint64 next = _next;
        while (limit != 0 && next < _scheduled && block.number > uint256(_seedBlocks[next]) + DRAW_WINDOW) {
            next += 1;
            limit -= 1;
        }
        if (next != _next) _next = next;
    }

    function _applyQueue(uint256 limit) private {
        while (limit != 0 && _queueHead < _queueTail) {
            uint32 clerkId = _queue[_queueHead];
            delete _queue[_queueHead];
            _queueHead += 1;
            limit -= 1;
            _clerks[clerkId].queued = false;
            _apply(clerkId);
        }
    }

    /// @dev A weight that would overflow the total is left as it is: the clerk waits outside until there is room, and
    /// neither the queue nor anybody's exit gets stuck behind it.
    function _apply(uint32 clerkId) private {
        Candidate storage candidate = _clerks[clerkId];
        if (candidate.freed != 0) {
            candidate.seats -= candidate.freed;
            candidate.freed = 0;
        }
        uint32 weight = _weightOf(clerkId, candidate);
        if (weight == _weightInTree(clerkId) || !_tree.fits(clerkId - 1, weight)) return;
        _tree.set(clerkId - 1, weight);
        emit WeightChanged(clerkId, weight);
    }

    function _weightOf(uint32 clerkId, Candidate storage candidate) private view returns (uint32) {
        if (candidate.withdrawableAt != 0 || candidate.leaked || keyHash[clerkId][epochNow()] == 0) return 0;
        return Weight.ofStake(candidate.stake, MINIMUM_STAKE, STAKE_CAP);
    }
}
