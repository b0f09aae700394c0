package observe

// This file asks the kernel for large pages on Linux.

import "golang.org/x/sys/unix"

// adviseHugePages asks for large pages, which makes the first writes to a large buffer
// faster. The error is ignored: with small pages the writes only take longer.
func adviseHugePages(buffer []byte) { _ = unix.Madvise(buffer, unix.MADV_HUGEPAGE) }
