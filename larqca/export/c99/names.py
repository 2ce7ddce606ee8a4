"""Which prefixes names in emitted C may have."""

from __future__ import annotations

import re

from larqca.errors import ExportError

# Of C and C++, whose compilers read the header too.
_KEYWORDS = """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept
    const const_cast consteval constexpr constinit continue co_await co_return co_yield decltype
    default delete do double dynamic_cast else enum explicit export extern false float for friend
    goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq
    private protected public register reinterpret_cast requires restrict return short signed sizeof
    static static_assert static_cast struct switch template this thread_local throw true try typedef
    typeid typename typeof typeof_unqual union unsigned using virtual void volatile wchar_t while
    xor xor_eq
"""
# Whose headers the file PREFIX.h would hide.
_LIBRARY = """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign
    stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string tgmath
    threads time uchar wchar wctype
    endian fcntl features malloc memory poll pthread sched semaphore strings unistd
"""
# What compilers define as numbers.
_MACROS = "linux unix i386"


def check_prefix(prefix: str) -> None:
    """A prefix makes names that C and C++ compilers take, and a header that hides no other.

    Raises:
        ExportError: it does not.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", prefix):
        raise ExportError(f"prefix must be a C name of small letters, got {prefix!r}")
    taken = f"{_KEYWORDS} {_LIBRARY} {_MACROS}".split()
    if prefix in taken or prefix.endswith("_t"):
        raise ExportError(f"prefix {prefix!r} is a name of C, C++ or their library; "
                          f"try my_{prefix}")
