// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What can be wrong with evidence: it reverts, and costs its sender the gas.
interface ICases {
    error NothingWrong();
    error NotInTree(bytes32 computed, bytes32 root);
    error WrongLevel(uint256 level, uint256 required);
    error NotOpened(bytes32 given, bytes32 required);
    error WrongIndex(uint256 index);
    error WrongKind(uint256 index, uint8 kind);
    error WrongSet(bytes32 given, bytes32 current);
    error WrongNumber(string field, uint256 given, uint256 required);
}
