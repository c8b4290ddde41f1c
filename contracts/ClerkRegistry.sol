// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IClerkRegistry} from "./interfaces/IClerkRegistry.sol";
import {IEligibility} from "./interfaces/IEligibility.sol";
import {G1} from "./libraries/G1.sol";
import {Payment, Permit} from "./libraries/Payment.sol";
import {Proof, Schnorr} from "./libraries/Schnorr.sol";
import {Sortition} from "./Sortition.sol";

/// @title The clerks' stakes and keys; the draw among them is in {Sortition}.
contract ClerkRegistry is IClerkRegistry, Sortition {
    using SafeERC20 for IERC20;

    /// @dev A finder of a leaked key gets a quarter of the slashed stake: never all, or a clerk would report itself.
    uint256 private constant FINDER_DIVISOR = 4;

    ERC20Burnable public immutable TOKEN;
    IEligibility public immutable ELIGIBILITY;

    mapping(address account => uint32) public clerkOf;
    mapping(uint32 clerkId => address) public operatorOf;

    /// @param token Staked and burned.
    /// @param rounds_ The rounds contract: the only one that schedules, draws and releases.
    /// @param eligibility Asked at registration; the zero address lets anyone register.
    constructor(ERC20Burnable token, address rounds_, IEligibility eligibility, Settings memory settings_)
        Sortition(rounds_, settings_)
    {
        TOKEN = token;
        ELIGIBILITY = eligibility;
    }

    // ------------------------------------------------------------------ clerks

    /// @inheritdoc IClerkRegistry
    function register(BLS.G1Point calldata key, Proof calldata proof, uint96 amount, Permit calldata permit)
        external
        returns (uint32 clerkId)
    {
        if (amount < MINIMUM_STAKE) revert StakeTooSmall(amount, MINIMUM_STAKE);
        if (clerkOf[msg.sender] != 0) revert AlreadyRegistered(msg.sender, clerkOf[msg.sender]);
        if (address(ELIGIBILITY) != address(0) && !ELIGIBILITY.isEligible(msg.sender)) revert NotEligible(msg.sender);

        clerkId = _append(amount);
        clerkOf[msg.sender] = clerkId;
        operatorOf[clerkId] = msg.sender;
        _storeKey(clerkId, epochNow(), key, proof);
        _weigh(clerkId);
        emit Registered(clerkId, msg.sender, amount);

        Payment.pull(TOKEN, uint256(amount) + REGISTRATION_FEE, permit);
        if (REGISTRATION_FEE != 0) TOKEN.burn(REGISTRATION_FEE);
    }

    /// @inheritdoc IClerkRegistry
    function registerKey(uint32 epoch, BLS.G1Point calldata key, Proof calldata proof) external {
        uint32 clerkId = _bonded();
        uint32 current = epochNow();
        if (epoch != current && epoch != current + 1) revert KeyEpochNotOpen(epoch, current);
        if (epoch == current && drawPending()) revert DrawPending(_next);
        if (keyHash[clerkId][epoch] != 0) revert KeyAlreadyRegistered(clerkId, epoch);
        _storeKey(clerkId, epoch, key, proof);
        if (epoch == current) _weigh(clerkId);
    }

    /// @inheritdoc IClerkRegistry
    function addStake(uint96 amount, Permit calldata permit) external {
        uint32 clerkId = _bonded();
        if (amount == 0) revert ZeroAmount();
        uint256 stake = uint256(_clerks[clerkId].stake) + amount;
        if (stake > type(uint96).max) revert StakeTooLarge(stake);
        // forge-lint: disable-next-line(unsafe-typecast)
        _clerks[clerkId].stake = uint96(stake);
        _weigh(clerkId);
        // forge-lint: disable-next-line(unsafe-typecast)
        emit StakeAdded(clerkId, amount, uint96(stake));
        Payment.pull(TOKEN, amount, permit);
    }

    /// @inheritdoc IClerkRegistry
    function unbond() external {
        uint32 clerkId = _bonded();
        uint256 waited = block.timestamp + UNBONDING_PERIOD;
        uint256 ended = epochEnd(epochNow());
        // Both are unix seconds plus two 32-bit durations: far below 2^40.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint40 withdrawableAt = uint40(waited > ended ? waited : ended);
        _clerks[clerkId].withdrawableAt = withdrawableAt;
        _weigh(clerkId);
        emit Unbonded(clerkId, withdrawableAt);
    }

    /// @inheritdoc IClerkRegistry
    function withdraw(address to) external {
        uint32 clerkId = _own();
        Candidate storage candidate = _clerks[clerkId];
        if (candidate.withdrawableAt == 0) revert NotUnbonding(clerkId);
        if (block.timestamp < candidate.withdrawableAt) revert TooEarly(candidate.withdrawableAt, block.timestamp);
        uint256 seats = candidate.seats - candidate.freed;
        if (seats != 0) revert StillLocked(clerkId, seats);

        uint96 amount = candidate.stake;
        candidate.stake = 0;
        delete clerkOf[msg.sender];
        _weigh(clerkId);
        emit Withdrawn(clerkId, to, amount);
        IERC20(TOKEN).safeTransfer(to, amount);
    }

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc IClerkRegistry
    function reportLeak(uint32 clerkId, uint32 epoch, BLS.G1Point calldata key, Proof calldata proof) external {
        bytes32 registered = keyHash[clerkId][epoch];
        if (registered == 0) revert UnknownClerk(clerkId);
        if (G1.hash(key) != registered) revert KeyMismatch(G1.hash(key), registered);
        Candidate storage candidate = _clerks[clerkId];
        if (candidate.leaked) revert AlreadyLeaked(clerkId);
        _requireProof(Schnorr.verify(Schnorr.LEAKED_KEY, (uint256(uint160(msg.sender)) << 32) | clerkId, key, proof));

        uint256 bonds = uint256(candidate.seats - candidate.freed) * SEAT_BOND;
        // The bonds of held seats are part of the stake (see {Sortition}).
        uint256 slashed = candidate.stake - bonds;
        uint256 reward = slashed / FINDER_DIVISOR;
        candidate.leaked = true;
        // forge-lint: disable-next-line(unsafe-typecast)
        candidate.stake = uint96(bonds);
        _weigh(clerkId);
        // forge-lint: disable-next-line(unsafe-typecast)
        emit LeakReported(clerkId, msg.sender, uint96(slashed), uint96(reward));
        TOKEN.burn(slashed - reward);
        IERC20(TOKEN).safeTransfer(msg.sender, reward);
    }

    // ------------------------------------------------------------------ the rounds contract only

    /// @inheritdoc IClerkRegistry
    function release(uint32 clerkId, uint96 penalty) external onlyRounds {
        if (penalty > SEAT_BOND) revert PenaltyTooLarge(penalty, SEAT_BOND);
        uint256 burned = _unlock(clerkId, penalty);
        emit SeatReleased(clerkId, penalty);
        if (burned != 0) TOKEN.burn(burned);
        if (penalty != 0) IERC20(TOKEN).safeTransfer(msg.sender, penalty);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IClerkRegistry
    function clerk(uint32 clerkId) external view returns (Clerk memory) {
        if (clerkId == 0 || clerkId > _tree.leaves) revert UnknownClerk(clerkId);
        Candidate storage candidate = _clerks[clerkId];
        return Clerk({
            operator: operatorOf[clerkId],
            stake: candidate.stake,
            weight: _weightInTree(clerkId),
            keyEpoch: candidate.keyEpoch,
            withdrawableAt: candidate.withdrawableAt,
            seats: candidate.seats - candidate.freed,
            leaked: candidate.leaked
        });
    }

    // ------------------------------------------------------------------ internal

    /// @dev The caller's clerk.
    function _own() private view returns (uint32 clerkId) {
        clerkId = clerkOf[msg.sender];
        if (clerkId == 0) revert NotRegistered(msg.sender);
    }

    /// @dev The caller's clerk, still bonded.
    function _bonded() private view returns (uint32 clerkId) {
        clerkId = _own();
        if (_clerks[clerkId].withdrawableAt != 0) revert IsUnbonding(clerkId);
    }

    /// @dev Immutable per (clerk, epoch). The chain keeps the hash, the event the key.
    function _storeKey(uint32 clerkId, uint32 epoch, BLS.G1Point calldata key, Proof calldata proof) private {
        _requireProof(Schnorr.verify(Schnorr.CLERK_KEY, (uint256(uint160(msg.sender)) << 32) | epoch, key, proof));
        keyHash[clerkId][epoch] = G1.hash(key);
        if (epoch > _clerks[clerkId].keyEpoch) _clerks[clerkId].keyEpoch = epoch;
        emit KeyRegistered(clerkId, epoch, key);
    }

    function _requireProof(Schnorr.Verdict verdict) private pure {
        if (verdict == Schnorr.Verdict.KeyIsIdentity) revert KeyIsIdentity();
        if (verdict == Schnorr.Verdict.KeyNotInSubgroup) revert KeyNotInSubgroup();
        if (verdict == Schnorr.Verdict.ProofInvalid) revert KeyProofInvalid();
    }
}
