// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Chunk, Opening, Place, SignedLeaf} from "../interfaces/Evidence.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {Chunks} from "../libraries/Chunks.sol";
import {Commitment} from "../libraries/Commitment.sol";
import {G1} from "../libraries/G1.sol";
import {Payment, Permit} from "../libraries/Payment.sol";
import {Settling} from "./Settling.sol";

/// @title Nodes that a seat could not get: the developer posts what is under them, or is convicted.
/// @dev A seat has depth + 1 challenges, enough to walk from the root to one leaf, and as many again with every verdict that
/// it wins. Each prolongs complaints by two windows at most and costs a bond, which stays here until they are over:
/// otherwise a developer could have its own contributor lie, withhold the way to it, and earn every bond on that way.
abstract contract Challenges is Settling {
    using SafeERC20 for IERC20;

    Challenge[] private _challenges;
    mapping(uint256 roundId => mapping(uint8 seat => uint256)) private _made;
    /// @inheritdoc IDisputes
    mapping(address account => uint256) public balanceOf;

    /// @inheritdoc IDisputes
    function challenge(
        uint256 roundId,
        uint8 seat,
        Place calldata place,
        bytes32 node,
        uint256 chunk,
        Permit calldata permit
    ) external returns (uint256 challengeId) {
        IRounds.Case memory c = _case(roundId);
        _requireSeat(roundId, seat);
        if (chunk >= c.chunks) revert Chunks.WrongChunk(chunk, c.chunks);
        _requireInTree(c, node, place);
        uint256 level = _depth(c) - place.path.length;
        if (_made[roundId][seat] > _depth(c)) revert TooManyChallenges(seat, _depth(c) + 1);
        _made[roundId][seat] += 1;
        challengeId = _challenges.length;
        // forge-lint: disable-next-line(unsafe-typecast)
        uint40 deadline = uint40(block.timestamp) + CHALLENGE_WINDOW;
        _challenges.push(
            Challenge({
                roundId: roundId,
                challenger: msg.sender,
                seat: seat,
                deadline: deadline,
                held: true,
                node: node,
                leaf: level == 0,
                // forge-lint: disable-next-line(unsafe-typecast)
                chunk: uint32(chunk)
            })
        );
        emit Challenged(roundId, challengeId, seat, level, place.index, chunk, deadline);
        // Time for `unanswered`, or after an answer for what it shows.
        ROUNDS.extend(roundId, deadline + CHALLENGE_WINDOW);
        Payment.pull(TOKEN, CHALLENGE_BOND, permit);
    }

    /// @inheritdoc IDisputes
    function answerNode(
        uint256 challengeId,
        Opening[3] calldata nodes,
        BLS.G1Point[][3] calldata points,
        bytes[3] calldata rows
    ) external {
        Challenge storage open = _open(challengeId);
        if (open.leaf) revert WrongLevel(0, 1);
        IRounds.Case memory c = _case(open.roundId);
        _requireSame(_hash(c, nodes[0]), open.node);
        _requireSame(_hash(c, nodes[1]), nodes[0].left);
        _requireSame(_hash(c, nodes[2]), nodes[0].right);
        for (uint256 i = 0; i < 3; ++i) {
            _requireChunk(open, nodes[i].chunk);
            if (points[i].length != c.threshold) revert WrongNumber("points", points[i].length, c.threshold);
            for (uint256 seat = 0; seat < c.threshold; ++seat) {
                _requireSame(G1.hash(points[i][seat]), nodes[i].words[seat]);
            }
            if (open.seat >= c.threshold) _requireSame(keccak256(rows[i]), nodes[i].words[open.seat]);
        }
        _answered(challengeId, open);
    }

    /// @inheritdoc IDisputes
    function answerLeaf(
        uint256 challengeId,
        SignedLeaf calldata signed,
        BLS.G1Point calldata key,
        BLS.G1Point[] calldata points,
        bytes32[] calldata corrections,
        uint256[] calldata correction,
        Chunk calldata chunk
    ) external {
        Challenge storage open = _open(challengeId);
        if (!open.leaf) revert WrongLevel(1, 0);
        IRounds.Case memory c = _case(open.roundId);
        _requireSame(Commitment.leaf(c.roundHash, signed.leaf), open.node);
        _requireEvidence(signed);
        _requireSame(G1.hash(key), signed.leaf.key);
        _requireChunk(open, chunk);
        bytes32 body = Commitment.body(signed.leaf.kind == 0 ? 1 : 0, G1.hashes(points), c.threshold, corrections);
        _requireSame(Chunks.rootOf(body, chunk, c.chunks), signed.leaf.body);
        if (open.seat >= c.threshold) {
            _requireSame(keccak256(abi.encodePacked(correction)), corrections[open.seat - c.threshold]);
        }
        _answered(challengeId, open);
    }

    /// @inheritdoc IDisputes
    function unanswered(uint256 challengeId) external {
        Challenge storage open = _open(challengeId);
        if (block.timestamp < open.deadline) revert ChallengeOpen(challengeId, open.deadline);
        open.deadline = 0;
        _pay(open, open.challenger);
        emit Withheld(open.roundId, challengeId, open.challenger);
        ROUNDS.convict(open.roundId, open.challenger);
    }

    /// @inheritdoc IDisputes
    function reclaim(uint256 challengeId) external {
        if (challengeId >= _challenges.length || !_challenges[challengeId].held) revert NoChallenge(challengeId);
        Challenge storage made = _challenges[challengeId];
        if (ROUNDS.state(made.roundId) == IRounds.State.Disputing) revert ChallengeOpen(challengeId, made.deadline);
        IRounds.Round memory r = ROUNDS.round(made.roundId);
        bool inVain = made.deadline == 0 && r.excluded == 0 && !r.fraud;
        made.deadline = 0;
        _pay(made, inVain ? r.developer : made.challenger);
    }

    /// @inheritdoc IDisputes
    function withdraw(address to) external returns (uint256 amount) {
        amount = balanceOf[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        balanceOf[msg.sender] = 0;
        TOKEN.safeTransfer(to, amount);
    }

    /// @inheritdoc IDisputes
    function challengeOf(uint256 challengeId) external view returns (Challenge memory) {
        return _challenges[challengeId];
    }

    /// @inheritdoc IDisputes
    function challenges() external view returns (uint256) {
        return _challenges.length;
    }

    function _open(uint256 challengeId) private view returns (Challenge storage open) {
        if (challengeId >= _challenges.length || _challenges[challengeId].deadline == 0) {
            revert NoChallenge(challengeId);
        }
        return _challenges[challengeId];
    }

    function _requireChunk(Challenge storage open, Chunk calldata chunk) private view {
        if (chunk.index != open.chunk) revert WrongNumber("chunk", chunk.index, open.chunk);
    }

    function _answered(uint256 challengeId, Challenge storage open) private {
        open.deadline = 0;
        emit Answered(open.roundId, challengeId);
    }

    function _pay(Challenge storage made, address account) private {
        made.held = false;
        balanceOf[account] += CHALLENGE_BOND;
    }

    function _renewChallenges(uint256 roundId, uint8 seat) internal override {
        _made[roundId][seat] = 0;
    }
}
