// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev A round from the request to the last claim, all going well.
contract RoundsTest is RoundsFixture {
    function test_round__everybody_honest__everybody_paid() external {
        Terms memory terms = defaultTerms();
        (uint256 escrow, uint256 deposit) = policy.quote(terms);
        uint256 before = token.balanceOf(DEVELOPER);

        uint256 id = request(terms);
        assertState(id, IRounds.State.Requested);
        assertEq(token.balanceOf(DEVELOPER), before - escrow - deposit, "exactly the quote is taken");
        draw(id);
        assertState(id, IRounds.State.Collecting);
        assertEq(rounds.balanceOf(DRAWER), BOUNTY, "bounty");
        take(id, makeSnapshot(id, 5));
        assertState(id, IRounds.State.Disputing);
        toRows(id);
        assertState(id, IRounds.State.Answering);
        answer(id, 0, 5);
        assertState(id, IRounds.State.Answering);
        answer(id, 5, 6);
        assertState(id, IRounds.State.Completed);
        answer(id, 6, 8);
        close(id);

        for (uint256 seat = 0; seat < 8; ++seat) {
            assertEq(rounds.balanceOf(operator(id, seat)), fee(terms, 5), "a seat's fee");
        }
        uint256 spent = BOUNTY + 8 * fee(terms, 5) + 5 * uint256(terms.reward);
        assertEq(rounds.balanceOf(DEVELOPER), escrow + deposit - spent, "the rest");
        assertEq(rounds.round(id).held, 0, "nothing is held");
        assertEq(token.balanceOf(address(rewards)), 5 * uint256(terms.reward), "rewards wait");
        claim(id, 4);
        assertEq(token.balanceOf(address(rewards)), 4 * uint256(terms.reward), "one paid");
    }
}
