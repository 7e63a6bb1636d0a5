"""The parse tree, for the type checker: lark's nodes hold tokens and trees alike."""

from __future__ import annotations

from lark import Token, Tree

Node = Tree[Token]


def token_of(child: Token | Node) -> Token:
    """A child that the grammar says is a token. Raises TypeError if the grammar and its reader disagree."""
    if isinstance(child, Tree):
        raise TypeError(f"{child.data} stands where a token is awaited")
    return child


def header_of(node: Node) -> Token:
    """The first line of a record."""
    return token_of(node.children[0])


def trees_of(node: Node) -> list[Node]:
    """The subtrees of a node."""
    return [child for child in node.children if isinstance(child, Tree)]


def tokens_of(node: Node) -> list[Token]:
    """The tokens of a node, itself only."""
    return [child for child in node.children if not isinstance(child, Tree)]
