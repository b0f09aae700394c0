// This file selects the assembly that this processor supports.

//go:build !purego

package kernel

import "github.com/klauspost/cpuid/v2"

// supported asks the processor for its instructions, and the operating system for the
// registers' state. Masks and the extraction of register halves need DQ and VL in addition
// to the foundation of AVX-512.
func supported() []Set {
	var sets []Set
	if cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512VL, cpuid.AVX2, cpuid.FMA3, cpuid.BMI2) {
		sets = append(sets, avx512)
	}
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3) {
		sets = append(sets, avx2)
	}
	return sets
}

var avx2 = Set{
	name:  "avx2",
	width: 8,
	rows: [...]panel{nil,
		rows1AVX2, rows2AVX2, rows3AVX2, rows4AVX2, rows5AVX2, rows6AVX2,
		rows7AVX2, rows8AVX2, rows9AVX2, rows10AVX2, rows11AVX2, rows12AVX2},
	lanes: [...]panel{nil, nil, nil, nil,
		lanes4AVX2, lanes5AVX2, lanes6AVX2, lanes7AVX2, lanes8AVX2},
	dot:  dotAVX2,
	axpy: axpyAVX2,
}

var avx512 = Set{
	name:  "avx512",
	width: 16,
	rows: [...]panel{nil,
		rows1AVX512, rows2AVX512, rows3AVX512, rows4AVX512, rows5AVX512, rows6AVX512,
		rows7AVX512, rows8AVX512, rows9AVX512, rows10AVX512, rows11AVX512, rows12AVX512},
	lanes: [...]panel{nil, nil, nil, nil,
		lanes4AVX512, lanes5AVX512, lanes6AVX512, lanes7AVX512, lanes8AVX512},
	dot:  dotAVX512,
	axpy: axpyAVX512,
}
