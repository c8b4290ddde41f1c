// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Frauds} from "../../contracts/Frauds.sol";
import {Complaint, ExcludedLeaf, Place} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {Contributions} from "./Contributions.sol";
import {Dealer} from "./Dealer.sol";
import {Leaves} from "./Leaves.sol";
import {Nodes} from "./Nodes.sol";
import {Prover} from "./Prover.sol";
import {RoundsHandler} from "./RoundsHandler.sol";

/// @dev The same with disputes: contributors whose shares are bad, trees with a node that is not its children's sum, nodes
/// that the developer withholds, and accusations that are true, false or repeated.
abstract contract DisputesHandler is RoundsHandler, Contributions {
    uint256 private constant KNOWN = 4; // contributors whose shares may be bad; the first one's never are
    uint256 private constant FAMILY = 7; // place, one above the leaves, of a node whose children are known; it has no leaves
    uint256 private constant DEPTH = 4; // 8 + 4 … 6 leaves

    mapping(address account => uint256) public bondsEarned;
    mapping(address account => uint256) public bondsWithdrawn;
    uint256 public bondsHeld; // of challenges whose bond was not paid out
    uint256 public upheld; // complaints
    uint256 public refused;
    uint256 public overflows; // of the pot that pays for complaints
    uint256 public answers; // of challenges
    uint256 public withheld;
    uint256 public settlings;

    mapping(uint256 id => mapping(uint256 contributor => bytes)) private sent;
    mapping(uint256 id => uint256) private liars; // bitmap of contributors
    mapping(uint256 id => bool) private forged; // whether the family's node is not the sum
    mapping(uint256 id => uint256[]) private queue; // excluded contributors in the order of the verdicts
    mapping(uint256 id => mapping(uint256 seat => uint256)) private made; // challenges

    constructor() {
        for (uint256 i = 1; i <= CLERKS; ++i) {
            vm.prank(clerkAccount(i));
            token.approve(address(disputes), type(uint256).max);
        }
    }

    // ------------------------------------------------------------------ complaints

    /// @dev By any seat about one of the known contributors, or all of them in turn.
    function complain(uint256 which, uint256 contributor, uint256 seat) external step {
        (bool any, uint256 id) = pick(which, isArguable);
        if (!any) return;
        uint256 count = contributor % 2 == 0 ? 1 : KNOWN;
        for (uint256 i = 0; i < count && isDisputing(id); ++i) {
            file(id, bound(contributor / 2 % KNOWN + i, 0, KNOWN - 1), uint8(bound(seat, 0, 7)));
        }
    }

    /// @dev Upheld once, if the share is bad.
    function file(uint256 id, uint256 contributor, uint8 seat) private {
        Complaint memory complaint = complaintOf(known(id, contributor), seat);
        address holder = operator(id, seat);
        vm.prank(holder);
        try disputes.badShare(id, complaint) {
            assertTrue(isLiar(id, contributor) && !excluded[id][contributor], "upheld for nothing");
            ++upheld;
            made[id][seat] = 0;
            if (exclusions[id] == roundSettings().maximumExclusions) {
                ++overflows; // the round is given up, unpaid
                return;
            }
            enterExclusion(id, contributor, holder);
            queue[id].push(contributor);
        } catch (bytes memory reason) {
            bytes4 why = excluded[id][contributor] ? IRewards.AlreadyExcluded.selector : ICases.NothingWrong.selector;
            assertTrue(excluded[id][contributor] || !isLiar(id, contributor), "refused though right");
            assertEq(bytes32(bytes4(reason)), why, "refused for this");
            ++refused;
        }
    }

    function settleSet(uint256 which) external step {
        (bool any, uint256 id) = pick(which, isSettling);
        if (!any) return;
        uint256 count = queue[id].length;
        IDisputes.Exclusion[] memory verdicts = new IDisputes.Exclusion[](count);
        ExcludedLeaf[] memory leaves = new ExcludedLeaf[](count);
        for (uint256 i = 0; i < count; ++i) {
            Contribution memory lie = known(id, queue[id][i]);
            verdicts[i] = IDisputes.Exclusion(uint32(lie.index), false, lie.signed.leaf.body);
            leaves[i] = excludedLeaf(lie);
        }
        IRounds.Set memory before = Dealer.setOf(makeSnapshot(id, rounds.round(id).count));
        (BLS.G1Point[] memory points,) = sums(id, true);
        vm.prank(ANYONE);
        disputes.settle(id, before, points, verdicts, leaves);
        ++settlings;
    }

    // ------------------------------------------------------------------ the developer's frauds

    /// @dev Anyone shows the family's node: convicts if it is not the sum.
    function showNode(uint256 which) external step {
        (bool any, uint256 id) = pick(which, isArguable);
        if (!any) return;
        Nodes.Family memory f = family(id);
        Place memory place = familyPlace(id);
        Frauds judge = Frauds(disputes.frauds());
        vm.prank(FINDER);
        try judge.badSum(id, 0, place, f.node, f.left, f.right, f.values) {
            assertTrue(forged[id], "convicted for nothing");
            finder[id] = FINDER;
        } catch (bytes memory reason) {
            assertTrue(!forged[id], "not convicted");
            assertEq(bytes32(bytes4(reason)), ICases.NothingWrong.selector, "refused for this");
        }
    }

    /// @dev A seat demands what is under the family's node, or the first contributor's leaf.
    function challenge(uint256 which, uint256 seat_, uint256 what) external step {
        (bool any, uint256 id) = pick(which, isArguable);
        uint8 seat = uint8(bound(seat_, 0, 7));
        if (!any || made[id][seat] > DEPTH) return;
        bool leaf = what % 2 == 0;
        Contribution memory first = known(id, 0);
        address holder = operator(id, seat);
        Place memory place = leaf ? Place(first.index, first.path) : familyPlace(id);
        bytes32 node = leaf ? Leaves.hash(rounds.round(id).roundHash, first.signed.leaf) : Nodes.hash(family(id).node);
        vm.prank(holder);
        disputes.challenge(id, seat, place, node, 0, noPermit);
        made[id][seat] += 1;
        bondsHeld += CHALLENGE_BOND;
    }

    function answerChallenge(uint256 which) external step {
        (bool any, uint256 challengeId) = pickChallenge(which, isAnswerable);
        if (!any) return;
        IDisputes.Challenge memory open = disputes.challengeOf(challengeId);
        if (open.leaf) answerLeaf(challengeId, open);
        else answerNode(challengeId, open);
        ++answers;
    }

    function answerLeaf(uint256 challengeId, IDisputes.Challenge memory open) private {
        Contribution memory first = known(open.roundId, 0);
        BLS.G1Point[] memory points = firstPoints(first);
        uint256[] memory correction;
        if (open.seat >= points.length) correction = first.corrections[open.seat - points.length];
        bytes32[] memory corrections = excludedLeaf(first).corrections;
        disputes.answerLeaf(
            challengeId, first.signed, Prover.publicKey(first.key), points, corrections, correction, whole
        );
    }

    function answerNode(uint256 challengeId, IDisputes.Challenge memory open) private {
        Nodes.Family memory f = family(open.roundId);
        uint256 threshold = uint256(rounds.terms(open.roundId).t) + rounds.terms(open.roundId).k;
        BLS.G1Point[][3] memory points;
        for (uint256 i = 0; i < 3; ++i) {
            points[i] = new BLS.G1Point[](threshold);
            for (uint256 seat = 0; seat < threshold; ++seat) {
                points[i][seat] = abi.decode(f.values[i], (BLS.G1Point));
            }
        }
        disputes.answerNode(challengeId, [f.node, f.left, f.right], points, f.values);
    }

    /// @dev Once its time is over; nothing else can have ended the round until then.
    function unanswered(uint256 which) external step {
        (bool any, uint256 challengeId) = pickChallenge(which, isOpen);
        if (!any) return;
        IDisputes.Challenge memory open = disputes.challengeOf(challengeId);
        if (time < open.deadline) time = open.deadline;
        setClock();
        disputes.unanswered(challengeId);
        finder[open.roundId] = open.challenger;
        ++withheld;
        returnBond(open.challenger);
    }

    /// @dev The round went on, or ended otherwise.
    function reclaim(uint256 which) external step {
        (bool any, uint256 challengeId) = pickChallenge(which, isLeftOver);
        if (!any) return;
        IDisputes.Challenge memory made_ = disputes.challengeOf(challengeId);
        IRounds.Round memory r = rounds.round(made_.roundId);
        bool inVain = made_.deadline == 0 && r.excluded == 0 && !r.fraud;
        disputes.reclaim(challengeId);
        returnBond(inVain ? DEVELOPER : made_.challenger);
    }

    function withdrawBonds(uint256 who) external step {
        address account = accountAt(bound(who, 0, ACCOUNTS - 1));
        if (disputes.balanceOf(account) == 0) return;
        vm.prank(account);
        bondsWithdrawn[account] += disputes.withdraw(address(0xbeef));
    }

    function returnBond(address account) private {
        bondsHeld -= CHALLENGE_BOND;
        bondsEarned[account] += CHALLENGE_BOND;
    }

    // ------------------------------------------------------------------ what is in the rounds

    function collect(uint256 id, uint256 how) internal virtual override {
        liars[id] = how % 4 == 0 ? 0 : how % 4 == 1 ? 14 : (how >> 2) & 14;
        forged[id] = (how >> 8) % 4 == 0;
        for (uint256 i = 0; i < KNOWN; ++i) {
            sent[id][i] = abi.encode(isLiar(id, i) ? dishonest(id, i) : honest(id, i));
        }
    }

    function isLiar(uint256 id, uint256 contributor) private view returns (bool) {
        return (liars[id] >> contributor) & 1 == 1;
    }

    function known(uint256 id, uint256 contributor) private view returns (Contribution memory given) {
        given = abi.decode(sent[id][contributor], (Contribution));
        given.path = pathOf(id, given.index);
    }

    function pathOf(uint256 id, uint256 index) private view returns (IRewards.Step[] memory) {
        uint32 count = rounds.round(id).count;
        return Leaves.pathOf(tree(id, count), index, Dealer.rootBody(makeSnapshot(id, count)));
    }

    function family(uint256 id) private view returns (Nodes.Family memory) {
        return Nodes.family(8, forged[id] ? 8 : 7, 3, 4);
    }

    function familyPlace(uint256 id) private view returns (Place memory place) {
        IRewards.Step[] memory path = pathOf(id, 2 * FAMILY);
        place = Place(FAMILY, new IRewards.Step[](path.length - 1));
        for (uint256 level = 1; level < path.length; ++level) {
            place.path[level - 1] = path[level];
        }
    }

    function tree(uint256 id, uint32 count) internal view override returns (Leaves.Tree memory tree_) {
        tree_ = super.tree(id, count);
        if (rounds.round(id).wide) return tree_;
        for (uint256 i = 0; i < KNOWN; ++i) {
            tree_.levels[0][8 + i] = Leaves.hash(rounds.round(id).roundHash, leafAt(id, i));
        }
        Leaves.raise(tree_, 1);
        tree_.levels[1][FAMILY] = Nodes.hash(family(id).node);
        Leaves.raise(tree_, 2);
    }

    function leafAt(uint256 id, uint256 contributor) internal view override returns (IRewards.Leaf memory) {
        if (contributor >= KNOWN || rounds.round(id).wide) return super.leafAt(id, contributor);
        return abi.decode(sent[id][contributor], (Contribution)).signed.leaf;
    }

    /// @dev Sums of all contributions, or of those that are left: points, rows.
    function sums(uint256 id, bool left) private view returns (BLS.G1Point[] memory points, uint256[][] memory rows) {
        Dealer.Sharing memory shares = sharing(id);
        // What the honest sent is in there already.
        for (uint256 i = 0; i < KNOWN; ++i) {
            if (!isLiar(id, i) || (left && excluded[id][i])) continue;
            Dealer.add(shares, lie(rounds.terms(id), i));
        }
        return (shares.points, shares.rows);
    }

    function makeSnapshot(uint256 id, uint32 count)
        internal
        view
        virtual
        override
        returns (IRounds.Snapshot memory snapshot)
    {
        snapshot = super.makeSnapshot(id, count);
        (snapshot.points,) = sums(id, false);
    }

    function answered(uint256 id) internal view override returns (IRounds.Set memory set, uint256[][] memory rows) {
        set = Dealer.setOf(makeSnapshot(id, rounds.round(id).count));
        BLS.G1Point[] memory points;
        (points, rows) = sums(id, true);
        set.points = Dealer.pointHashes(points);
        set.count -= uint32(queue[id].length);
        bytes memory indices;
        for (uint256 i = 0; i < queue[id].length; ++i) {
            indices = abi.encodePacked(indices, 8 + queue[id][i]);
        }
        if (indices.length != 0) set.exclusions = keccak256(indices);
    }

    // ------------------------------------------------------------------ which challenge or round an action is about

    function pickChallenge(uint256 which, function(uint256) view returns (bool) fits)
        private
        view
        returns (bool any, uint256 challengeId)
    {
        uint256 count = disputes.challenges();
        for (uint256 i = 0; i < count; ++i) {
            challengeId = (which % count + i) % count;
            if (disputes.challengeOf(challengeId).deadline != 0 && fits(challengeId)) return (true, challengeId);
        }
    }

    /// @dev A developer does not open the node that would convict it.
    function isAnswerable(uint256 challengeId) private view returns (bool) {
        return isOpen(challengeId) && !forged[disputes.challengeOf(challengeId).roundId];
    }

    function isOpen(uint256 challengeId) private view returns (bool) {
        return isDisputing(disputes.challengeOf(challengeId).roundId);
    }

    function isLeftOver(uint256 challengeId) private view returns (bool) {
        return !isOpen(challengeId);
    }

    /// @dev Contributors of wide rounds are honest, and their leaves opaque.
    function isArguable(uint256 id) private view returns (bool) {
        return isDisputing(id) && !rounds.round(id).wide;
    }

    function isSettling(uint256 id) private view returns (bool) {
        return rounds.state(id) == IRounds.State.Settling;
    }
}
