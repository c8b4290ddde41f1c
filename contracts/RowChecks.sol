// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IClerkRegistry} from "./interfaces/IClerkRegistry.sol";
import {IDisputes} from "./interfaces/IDisputes.sol";
import {IRounds} from "./interfaces/IRounds.sol";
import {IRowChecks} from "./interfaces/IRowChecks.sol";
import {Chunks} from "./libraries/Chunks.sol";
import {Commitment} from "./libraries/Commitment.sol";
import {G1} from "./libraries/G1.sol";
import {Generators} from "./libraries/Generators.sol";
import {Late} from "./libraries/Late.sol";
import {Payment, Permit} from "./libraries/Payment.sol";

/// @title Rows of wide rounds. {IRowChecks} is the manual.
contract RowChecks is IRowChecks {
    using SafeERC20 for IERC20;

    /// @dev A whole committee's openings, of 64 seats, fit into some ten blocks: the developer's and everyone else's.
    uint8 private constant MAXIMUM_DOUBTS = 4;

    IRounds public immutable ROUNDS;
    IClerkRegistry public immutable REGISTRY;
    IDisputes public immutable DISPUTES;
    IERC20 public immutable TOKEN;
    address public immutable GENERATORS;
    uint256 private immutable BOND;

    mapping(uint256 roundId => mapping(uint8 seat => Row)) private _rows;
    mapping(uint256 roundId => mapping(uint8 seat => mapping(uint256 chunk => Doubt))) private _doubts;
    /// @inheritdoc IRowChecks
    mapping(address account => uint256) public balanceOf;

    /// @param rounds The rounds contract; it must have been given this contract's address.
    /// @param registry The clerks.
    /// @param disputes Its verdicts tell which leaves are excluded; a doubt's bond is that of a challenge there.
    /// @param token Of bonds.
    /// @param generators The data contract of H_0 … H_63.
    constructor(IRounds rounds, IClerkRegistry registry, IDisputes disputes, IERC20 token, address generators) {
        // Any others would convict whoever is right.
        if (!Generators.standAt(generators)) revert InvalidSettings("generators");
        ROUNDS = rounds;
        REGISTRY = registry;
        DISPUTES = disputes;
        TOKEN = token;
        GENERATORS = generators;
        BOND = disputes.settings().challengeBond;
    }

    // ------------------------------------------------------------------ rows

    /// @inheritdoc IRowChecks
    function postRow(uint256 roundId, uint8 seat, bytes32 setHash, bytes32 root) external {
        (, uint256 rowEnd, uint256 rowWindow) = _case(roundId);
        _requireBefore(rowEnd - 2 * rowWindow);
        if (root == 0) revert RootMissing();
        if (_rows[roundId][seat].root != 0) revert AlreadyPosted(roundId, seat);
        _rows[roundId][seat].root = root;
        uint32 clerkId = ROUNDS.post(roundId, seat, msg.sender, setHash);
        emit RowPosted(roundId, seat, clerkId, root);
    }

    /// @inheritdoc IRowChecks
    function doubt(uint256 roundId, uint8 seat, uint256 chunk, Permit calldata permit) external {
        (IRounds.Case memory c, uint256 rowEnd, uint256 rowWindow) = _case(roundId);
        _requireBefore(rowEnd - rowWindow);
        Row storage row = _posted(roundId, seat);
        if (chunk >= c.chunks) revert Chunks.WrongChunk(chunk, c.chunks);
        if (_doubts[roundId][seat][chunk].challenger != address(0)) revert AlreadyDoubted(seat, chunk);
        bool developer = msg.sender == ROUNDS.round(roundId).developer;
        if ((developer ? row.developers : row.others) == MAXIMUM_DOUBTS) revert TooManyDoubts(seat, MAXIMUM_DOUBTS);
        if (developer) row.developers += 1;
        else row.others += 1;
        row.open += 1;
        _doubts[roundId][seat][chunk] = Doubt({challenger: msg.sender, settled: false});
        emit Doubted(roundId, seat, chunk, msg.sender);
        ROUNDS.setCounting(roundId, seat, false);
        Payment.pull(TOKEN, BOND, permit);
    }

    /// @inheritdoc IRowChecks
    function openChunk(uint256 roundId, uint8 seat, RowOpening calldata opening) external {
        (IRounds.Case memory c,,) = _case(roundId);
        Row storage row = _posted(roundId, seat);
        _requireRow(c, row.root, opening);
        _requireSums(roundId, c, seat, opening);
        if (!_opens(c, seat, opening)) {
            ROUNDS.reject(roundId, seat);
            return;
        }
        uint256 chunk = opening.chunk.index;
        Doubt storage answered = _doubts[roundId][seat][chunk];
        if (answered.challenger == address(0) || answered.settled) revert NothingWrong();
        row.open -= 1;
        emit ChunkOpened(roundId, seat, chunk);
        _settle(answered, REGISTRY.operatorOf(ROUNDS.clerkAt(roundId, seat)));
        if (row.open == 0) ROUNDS.setCounting(roundId, seat, true);
    }

    // ------------------------------------------------------------------ bonds

    /// @inheritdoc IRowChecks
    function reclaim(uint256 roundId, uint8 seat, uint256 chunk) external {
        Doubt storage made = _doubts[roundId][seat][chunk];
        if (made.challenger == address(0) || made.settled) revert NoDoubt(seat, chunk);
        bool over = ROUNDS.state(roundId) != IRounds.State.Answering || _isOut(roundId, seat);
        if (!over) revert NoDoubt(seat, chunk);
        _settle(made, made.challenger);
    }

    /// @inheritdoc IRowChecks
    function withdraw(address to) external returns (uint256 amount) {
        amount = balanceOf[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        balanceOf[msg.sender] = 0;
        TOKEN.safeTransfer(to, amount);
    }

    function _settle(Doubt storage made, address account) private {
        made.settled = true;
        balanceOf[account] += BOND;
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRowChecks
    function bond() external view returns (uint256) {
        return BOND;
    }

    /// @inheritdoc IRowChecks
    function maximumDoubts() external pure returns (uint256) {
        return MAXIMUM_DOUBTS;
    }

    /// @inheritdoc IRowChecks
    function rowOf(uint256 roundId, uint8 seat) external view returns (Row memory) {
        return _rows[roundId][seat];
    }

    /// @inheritdoc IRowChecks
    function doubtOf(uint256 roundId, uint8 seat, uint256 chunk) external view returns (Doubt memory) {
        return _doubts[roundId][seat][chunk];
    }

    // ------------------------------------------------------------------ what an opening has to show

    /// @dev The chunk is the posted row's.
    function _requireRow(IRounds.Case memory c, bytes32 root, RowOpening calldata opening) private pure {
        uint256[] calldata row = opening.row;
        if (row.length != c.m) revert WrongNumber("row", row.length, c.m);
        for (uint256 i = 0; i < row.length; ++i) {
            if (row[i] >= G1.Q) revert ElementTooLarge(i, row[i]);
        }
        bytes32 word = keccak256(abi.encodePacked(row));
        _requireSame(Chunks.rootOf(word, opening.chunk.index, opening.rowPath, c.chunks), root);
    }

    /// @dev The words are the tree's root's, and the points what is left of theirs without the excluded leaves.
    function _requireSums(uint256 roundId, IRounds.Case memory c, uint8 seat, RowOpening calldata opening)
        private
        view
    {
        bytes32 given = Commitment.setHash(c.roundHash, opening.set);
        if (given != c.setHash) revert WrongSet(given, c.setHash);
        bytes32[] calldata words = opening.words;
        if (words.length != c.n) revert WrongNumber("words", words.length, c.n);
        bytes32 body = Commitment.bodyOf(opening.count, words);
        _requireSame(Chunks.rootOf(body, opening.chunk, c.chunks), opening.set.points[0]);
        _requireLeaves(roundId, c, opening);

        bool early = seat < c.threshold;
        uint256 needed = early ? 1 : c.threshold;
        if (opening.points.length != needed) revert WrongNumber("points", opening.points.length, needed);
        for (uint256 i = 0; i < needed; ++i) {
            _requireDifference(opening, i, early ? seat : i);
        }
    }

    /// @dev These are all verdicts on the round, and for each the same chunk of the leaf that it is about.
    function _requireLeaves(uint256 roundId, IRounds.Case memory c, RowOpening calldata opening) private view {
        IDisputes.Exclusion[] calldata queue = opening.queue;
        if (opening.leaves.length != queue.length) {
            revert WrongNumber("leaves", opening.leaves.length, queue.length);
        }
        bytes32 chain = 0;
        for (uint256 i = 0; i < queue.length; ++i) {
            chain = keccak256(abi.encode(chain, queue[i]));
            ExcludedChunk calldata leaf = opening.leaves[i];
            uint256 late = uint256(c.n) - c.threshold;
            if (leaf.points.length != c.threshold) revert WrongNumber("points", leaf.points.length, c.threshold);
            if (leaf.corrections.length != late) revert WrongNumber("corrections", leaf.corrections.length, late);
            bytes32 body =
                Commitment.body(queue[i].noise ? 0 : 1, G1.hashes(leaf.points), c.threshold, leaf.corrections);
            _requireSame(Chunks.rootOf(body, opening.chunk.index, leaf.path, c.chunks), queue[i].body);
        }
        _requireSame(chain, DISPUTES.verdictsOf(roundId));
    }

    /// @dev What is left and all that was excluded add up to what the root has for a seat < R.
    function _requireDifference(RowOpening calldata opening, uint256 index, uint256 seat) private view {
        uint256 input = G1.allocate(2);
        G1.copyPoint(input, opening.points[index]);
        for (uint256 i = 0; i < opening.leaves.length; ++i) {
            G1.copyPoint(input + G1.POINT_BYTES, opening.leaves[i].points[seat]);
            if (!G1.accumulate(input)) revert PointsInvalid();
        }
        _requireSame(G1.hashAt(input), opening.words[seat]);
    }

    /// @dev Points outside the group were the developer's fraud: no row opens them, and no clerk that checked posts one.
    function _opens(IRounds.Case memory c, uint8 seat, RowOpening calldata opening) private view returns (bool) {
        if (seat < c.threshold) return G1.commit(GENERATORS, opening.row) == G1.hash(opening.points[0]);
        (bool valid, bool right) = Late.opens(GENERATORS, opening.points, seat, opening.row);
        if (!valid) revert PointsInvalid();
        return right;
    }

    // ------------------------------------------------------------------ whether it can be now

    /// @dev The case of a wide round that awaits rows; reverts otherwise.
    function _case(uint256 roundId) private view returns (IRounds.Case memory c, uint256 rowEnd, uint256 rowWindow) {
        (c, rowEnd, rowWindow) = ROUNDS.answering(roundId);
        if (c.chunks == 1) revert NotWide(roundId);
    }

    /// @dev The row of a seat that is not out.
    function _posted(uint256 roundId, uint8 seat) private view returns (Row storage row) {
        row = _rows[roundId][seat];
        if (row.root == 0 || _isOut(roundId, seat)) revert NotPosted(roundId, seat);
    }

    /// @dev The seat was rejected: a posted row does not resolve it.
    function _isOut(uint256 roundId, uint8 seat) private view returns (bool) {
        return (ROUNDS.round(roundId).resolved >> seat) & 1 == 1;
    }

    function _requireBefore(uint256 end) private view {
        if (block.timestamp >= end) revert TooLate(end);
    }

    function _requireSame(bytes32 given, bytes32 required) private pure {
        if (given != required) revert NotOpened(given, required);
    }
}
