//go:build never

package cupel

import (
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/jedib0t/go-pretty/v6/table"
	_ "github.com/klauspost/cpuid/v2"
	_ "github.com/parquet-go/parquet-go"
	_ "github.com/pelletier/go-toml/v2"
	_ "github.com/prometheus/procfs"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/spf13/cobra"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/term"
	_ "gonum.org/v1/gonum/blas/blas32"
	_ "github.com/vmihailenco/msgpack/v5"
	_ "google.golang.org/protobuf/encoding/protowire"
)
