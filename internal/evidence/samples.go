package evidence

// This file holds the samples: one Parquet file a launch.

import (
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
)

// SamplesFile is the path of a launch's samples within the bundle.
func SamplesFile(launch int, contender string) string {
	return fmt.Sprintf("%s/%04d-%s.parquet", SamplesDir, launch, contender)
}

// WriteSamples writes a launch's samples, in the order in which they were taken.
func (w *Writer) WriteSamples(launch int, contender string, samples []Sample) error {
	return writeAtomic(w.Path(SamplesFile(launch, contender)), func(file *os.File) error {
		return parquet.Write(file, samples, parquet.Compression(&parquet.Zstd))
	})
}
