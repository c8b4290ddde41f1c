// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {ClerkRegistry} from "../../contracts/ClerkRegistry.sol";
import {Disputes} from "../../contracts/Disputes.sol";
import {RandaoBeacon} from "../../contracts/RandaoBeacon.sol";
import {Rounds} from "../../contracts/Rounds.sol";
import {RowChecks} from "../../contracts/RowChecks.sol";
import {SDAToken} from "../../contracts/SDAToken.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IEligibility} from "../../contracts/interfaces/IEligibility.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRoundPolicy} from "../../contracts/interfaces/IRoundPolicy.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Permit} from "../../contracts/libraries/Payment.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Dealer} from "./Dealer.sol";
import {GeneratorsFixture} from "./Generators.t.sol";
import {Leaves} from "./Leaves.sol";
import {Prover} from "./Prover.sol";

/// @dev Everything deployed, clerks with real keys, and each step of a round as one call. Amounts are crooked so that a
/// unit put in the wrong place shows.
abstract contract RoundsFixture is GeneratorsFixture {
    uint96 internal constant MINIMUM = 100e18;
    uint96 internal constant BOND = MINIMUM / 4;
    uint32 internal constant DRAW_WINDOW = 200;
    /// @dev More than the registry's foresight: right after a request the tree still moves.
    uint32 internal constant SEED_DELAY = 20;
    uint96 internal constant BOUNTY = 0.5e18 + 3;
    uint96 internal constant ABORT_BURN = 2e18 + 5;
    uint96 internal constant NO_DATA_BURN = 0.1e18 + 1;
    uint96 internal constant COMPLAINT_FEE = 0.3e18 + 7;
    uint96 internal constant CHALLENGE_BOND = 0.2e18 + 9;
    uint32 internal constant MINIMUM_WINDOW = 60;
    uint32 internal constant MAXIMUM_WINDOW = 10 days;
    uint256 internal constant SUPPLY = 1e30;

    address internal constant DEVELOPER = address(0xde7e10);
    address internal constant DRAWER = address(0xd7a);
    address internal constant STRANGER = address(0x57a);
    address internal constant ANYONE = address(0xa11);
    uint256 internal constant ROUND_KEY = 0x5eed;
    uint256 internal constant CLERK = 1_000_000; // secret of clerk 0's account; those of the others follow it

    SDAToken internal token;
    ClerkRegistry internal registry;
    RandaoBeacon internal beacon;
    Rounds internal rounds;
    Disputes internal disputes;
    RowChecks internal checks;
    IRewards internal rewards;
    IRoundPolicy internal policy;
    Permit internal noPermit;
    BLS.G1Point[] internal bases;
    /// @dev A header of a real chain; seeds differ by the round's id.
    bytes internal header;

    function setUp() public virtual {
        deploy(clerkSettings(), roundSettings());
        registerMany(16);
    }

    // ------------------------------------------------------------------ deployment

    function clerkSettings() internal pure returns (IClerkRegistry.Settings memory) {
        return IClerkRegistry.Settings({
            minimumStake: MINIMUM,
            registrationFee: 1e18,
            capMultiple: 8,
            maximumSeats: 4,
            unbondingPeriod: 5 * MAXIMUM_WINDOW,
            epochLength: 30 days,
            drawWindow: DRAW_WINDOW
        });
    }

    function roundSettings() internal pure returns (IRounds.Settings memory) {
        return IRounds.Settings({
            seedDelay: SEED_DELAY,
            seedSpacing: 1,
            minimumWindow: MINIMUM_WINDOW,
            maximumWindow: MAXIMUM_WINDOW,
            drawBounty: BOUNTY,
            abortBurn: ABORT_BURN,
            noDataBurn: NO_DATA_BURN,
            complaintFee: COMPLAINT_FEE,
            maximumExclusions: 2,
            minimumFlatFee: 0
        });
    }

    function disputeSettings() internal pure returns (IDisputes.Settings memory) {
        return IDisputes.Settings({challengeBond: CHALLENGE_BOND, challengeWindow: 5 minutes, asideTime: 90 days});
    }

    function deploy(IClerkRegistry.Settings memory clerks, IRounds.Settings memory settings) internal {
        vm.warp(1_800_000_000);
        vm.roll(1_000);
        bytes[] memory all = points();
        for (uint256 i = 0; i < all.length; ++i) {
            bases.push(abi.decode(all[i], (BLS.G1Point)));
        }
        header = vm.parseJsonBytesArray(vm.readFile("tests/vectors/headers.json"), ".headers")[2];
        token = new SDAToken(address(this), SUPPLY);
        beacon = new RandaoBeacon();
        address predicted = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 3);
        registry = new ClerkRegistry(token, predicted, IEligibility(address(0)), clerks);
        disputes = new Disputes(IRounds(predicted), registry, token, putGenerators(), disputeSettings());
        checks = new RowChecks(IRounds(predicted), registry, disputes, token, DATA);
        rounds = new Rounds(token, registry, beacon, DATA, address(disputes), address(checks), settings);
        require(address(rounds) == predicted);
        rewards = IRewards(rounds.rewards());
        policy = IRoundPolicy(rounds.policy());
        fund(DEVELOPER, 1e24);
    }

    function fund(address account, uint256 amount) internal {
        require(token.transfer(account, amount));
        vm.startPrank(account);
        token.approve(address(registry), type(uint256).max);
        token.approve(address(rounds), type(uint256).max);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------ clerks

    /// @dev Clerk i operates from account i; ids are given in order.
    function clerkAccount(uint256 i) internal pure returns (address) {
        return vm.addr(CLERK + i);
    }

    function registerMany(uint256 count) internal {
        for (uint256 i = 1; i <= count; ++i) {
            register(i, MINIMUM * uint96(1 + i % 8));
        }
    }

    function register(uint256 i, uint96 stake) internal {
        address account = clerkAccount(i);
        fund(account, uint256(stake) + 1e18);
        uint32 epoch = registry.epochNow();
        uint256 secret = uint256(keccak256(abi.encode("clerk", i, epoch))) >> 2;
        Proof memory proof =
            Prover.prove(secret, "SDA/1 clerk key", address(registry), (uint256(uint160(account)) << 32) | epoch);
        BLS.G1Point memory key = Prover.publicKey(secret);
        vm.prank(account);
        require(registry.register(key, proof, stake, noPermit) == i);
    }

    // ------------------------------------------------------------------ terms

    /// @dev n = 8, R = 6: two seats may fail.
    function defaultTerms() internal pure returns (Terms memory) {
        return Terms({
            n: 8,
            t: 3,
            k: 3,
            m: 2,
            length: 10,
            bits: 1,
            slotBits: 7,
            offset: 0,
            minimum: 3,
            maximum: 100,
            silent: 0,
            noiseBound: 0,
            sigma: 0,
            query: keccak256("which events?"),
            collectWindow: 1 hours,
            complaintWindow: 10 minutes,
            rowWindow: 20 minutes,
            claimWindow: 7 days,
            flatFee: 1e18 + 11,
            rate: 1e15 + 13,
            reward: 0.1e18 + 17
        });
    }

    /// @dev The same with noise of all dealers but at most two.
    function noisyTerms() internal pure returns (Terms memory terms) {
        terms = defaultTerms();
        (terms.sigma, terms.noiseBound, terms.silent) = (1 << 16, 2, 2);
        terms.slotBits = 8;
    }

    function fee(Terms memory terms, uint256 count) internal pure returns (uint256) {
        return terms.flatFee + count * terms.m * uint256(terms.rate);
    }

    // ------------------------------------------------------------------ steps of a round

    function roundKey(address developer) internal view returns (BLS.G1Point memory key, Proof memory proof) {
        key = Prover.publicKey(ROUND_KEY);
        proof = Prover.prove(ROUND_KEY, "SDA/1 developer key", address(rounds), uint160(developer));
    }

    function request(Terms memory terms) internal returns (uint256 id) {
        (BLS.G1Point memory key, Proof memory proof) = roundKey(DEVELOPER);
        (uint256 escrow, uint256 deposit) = policy.quote(terms);
        vm.prank(DEVELOPER);
        return rounds.request(terms, key, proof, escrow + deposit, noPermit);
    }

    /// @dev The seed block becomes one whose header we know, and is mined.
    function mineSeed(uint256 id) internal {
        uint64 seedBlock = rounds.round(id).seedBlock;
        vm.roll(seedBlock + 1);
        vm.setBlockhash(seedBlock, keccak256(header));
        vm.warp(block.timestamp + 12 * (SEED_DELAY + 1));
    }

    function draw(uint256 id) internal {
        mineSeed(id);
        vm.prank(DRAWER);
        rounds.draw(id, header);
    }

    function sharing(uint256 id) internal view returns (Dealer.Sharing memory) {
        return Dealer.deal(rounds.terms(id), bases, bytes32(id));
    }

    function tree(uint256 id, uint32 count) internal view virtual returns (Leaves.Tree memory) {
        return Leaves.build(rounds.round(id).roundHash, rounds.terms(id).n, count);
    }

    /// @dev What a contributor sent in.
    function leafAt(uint256, uint256 contributor) internal view virtual returns (IRewards.Leaf memory) {
        return Leaves.leafOf(contributor);
    }

    function makeSnapshot(uint256 id, uint32 count) internal view virtual returns (IRounds.Snapshot memory snapshot) {
        Terms memory terms = rounds.terms(id);
        snapshot.count = count;
        snapshot.rosterRoot = keccak256("roster");
        snapshot.enrolmentRoot = keccak256("enrolment");
        snapshot.points = sharing(id).points;
        snapshot.corrections = new bytes32[](terms.n - terms.t - terms.k);
        for (uint256 i = 0; i < snapshot.corrections.length; ++i) {
            snapshot.corrections[i] = keccak256(abi.encode("correction", i));
        }
        (snapshot.left, snapshot.right) = Leaves.children(tree(id, count));
    }

    function take(uint256 id, IRounds.Snapshot memory snapshot) internal virtual {
        vm.prank(DEVELOPER);
        rounds.snapshot(id, snapshot);
    }

    function operator(uint256 id, uint256 seat) internal view returns (address) {
        return clerkAccount(rounds.seats(id)[seat]);
    }

    function toComplaints(uint256 id) internal view returns (uint256 end) {
        (, end,,) = rounds.deadlines(id);
    }

    function toRows(uint256 id) internal {
        vm.warp(toComplaints(id));
    }

    function pastRows(uint256 id) internal {
        (,, uint256 end,) = rounds.deadlines(id);
        vm.warp(end);
    }

    function pastClaims(uint256 id) internal {
        (,,, uint256 end) = rounds.deadlines(id);
        vm.warp(end);
    }

    function declareNoData(uint256 id, uint8 seat) internal {
        address holder = operator(id, seat);
        vm.prank(holder);
        rounds.declareNoData(id, seat);
    }

    function submit(uint256 id, uint8 seat, IRounds.Set memory set, uint256[] memory row) internal {
        address holder = operator(id, seat);
        vm.prank(holder);
        rounds.submitRow(id, seat, set, row);
    }

    /// @dev What rows answer, and the right ones.
    function answered(uint256 id) internal view virtual returns (IRounds.Set memory set, uint256[][] memory rows) {
        return (Dealer.setOf(makeSnapshot(id, rounds.round(id).count)), sharing(id).rows);
    }

    /// @dev A right row of each of the seats [from, to).
    function answer(uint256 id, uint256 from, uint256 to) internal {
        (IRounds.Set memory set, uint256[][] memory rows) = answered(id);
        for (uint256 seat = from; seat < to; ++seat) {
            submit(id, uint8(seat), set, rows[seat]);
        }
    }

    function answerWrongly(uint256 id, uint8 seat) internal {
        (IRounds.Set memory set, uint256[][] memory rows) = answered(id);
        uint256[] memory row = rows[seat];
        row[0] = row[0] == 0 ? 1 : row[0] - 1;
        submit(id, seat, set, row);
    }

    function close(uint256 id) internal {
        vm.prank(ANYONE);
        rounds.close(id);
    }

    function claim(uint256 id, uint256 contributor) internal {
        uint32 count = rounds.round(id).count;
        uint256 index = rounds.terms(id).n + contributor;
        IRewards.Step[] memory path = Leaves.pathOf(tree(id, count), index, Dealer.rootBody(makeSnapshot(id, count)));
        rewards.claim(id, index, leafAt(id, contributor), path);
    }

    // ------------------------------------------------------------------ up to a state

    function collecting() internal returns (uint256) {
        return collecting(defaultTerms());
    }

    function collecting(Terms memory terms) internal returns (uint256 id) {
        id = request(terms);
        draw(id);
    }

    function disputing(uint32 count) internal returns (uint256 id) {
        id = collecting();
        take(id, makeSnapshot(id, count));
    }

    function answering(uint32 count) internal returns (uint256 id) {
        id = disputing(count);
        toRows(id);
    }

    /// @dev All seats right, closed.
    function completed(uint32 count) internal returns (uint256 id) {
        id = answering(count);
        answer(id, 0, rounds.terms(id).n);
        close(id);
    }

    // ------------------------------------------------------------------ what is expected

    function assertState(uint256 id, IRounds.State wanted) internal view {
        assertEq(uint8(rounds.state(id)), uint8(wanted), "state");
    }

    function wrongState(uint256 id, IRounds.State state_) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IRounds.WrongState.selector, id, state_);
    }
}
