// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title Signatures of contributors: EIP-712 by plain accounts, 65 bytes, low s.
library Signature {
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME = keccak256("SDA");
    bytes32 private constant VERSION = keccak256("1");

    /// @notice Whether `account` signed a struct for the contract `verifying` on this chain.
    function isBy(address account, address verifying, bytes32 structHash, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPEHASH, NAME, VERSION, block.chainid, verifying));
        (address signer, ECDSA.RecoverError failure,) =
            ECDSA.tryRecover(MessageHashUtils.toTypedDataHash(domain, structHash), signature);
        return failure == ECDSA.RecoverError.NoError && signer == account;
    }
}
