package observe

// This file asks for large pages, on Linux.

import "golang.org/x/sys/unix"

// adviseHugePages makes a large buffer quicker to make real. Where the kernel does
// not follow, it only takes longer.
func adviseHugePages(buffer []byte) { _ = unix.Madvise(buffer, unix.MADV_HUGEPAGE) }
