package engines

// This file is the table of the engines, one record each. It holds everything that the
// program knows of an engine by its name. To add an engine, add its record here and its
// folder. An engine in Go also needs its implementation in internal/goengines.
//
// Never remove a release: an older bundle ran an older release, and the audit judges it
// by that one.

// records are in the order in which lists show them.
var records = []Engine{
	{
		Name: "go", Language: Go,
		// This engine is built from the sources of this program and has no release of
		// its own.
	},
	{
		Name: "gonum", Language: Go,
		Package: Package{Name: "gonum.org/v1/gonum", Released: map[string]string{"v0.17.0": "2025-12-29"}},
	},
	{
		Name: "pytorch", Language: Python, Package: torch, Download: sizePyTorch, DiskBytes: diskPyTorch,
		// This agrees with the published cost: 5 us at 5 GHz.
		Call:      &CallCost{Cycles: 25_000, CyclesPerMultiplyAdd: 0.4},
		Variables: []string{"TORCH", "PYTORCH_", "ATEN_"},
	},
	{
		Name: "onnxruntime", Language: Python,
		Package:   Package{Name: "onnxruntime", Released: map[string]string{"1.31.1": "2026-10-26"}},
		Call:      &CallCost{Cycles: 17_000, CyclesPerMultiplyAdd: 2},
		Variables: []string{"ORT_", "ONNX"},
	},
	{
		Name: "numpy", Language: Python,
		Package:   Package{Name: "numpy", Released: map[string]string{"2.4.6": "2026-05-18"}},
		Call:      &CallCost{Cycles: 8_000, CyclesPerMultiplyAdd: 0.4},
		Variables: []string{"NPY_"},
	},
	{
		Name: "scikit-learn", Language: Python,
		Package:   Package{Name: "scikit-learn", Released: map[string]string{"1.9.1": "2026-09-10"}},
		Call:      &CallCost{Cycles: 690_000, CyclesPerMultiplyAdd: 1},
		Variables: []string{"SKLEARN_", "SCIPY_", "JOBLIB_", "LOKY_"},
	},
	{
		Name: "aprender", Language: Rust, Binary: "cupel-engine-aprender",
		Package: Package{Name: "aprender", Released: map[string]string{"0.11.0": "2025-11-27"}},
	},
	{
		Name: "pytorch-compile", Language: Python, Package: torch, Download: sizePyTorch, DiskBytes: diskPyTorch,
		Runner: "pytorch", Arguments: []string{"compile"}, Needs: CompilerCPP, ByName: true, Compiles: true,
	},
	{
		Name: "pytorch-cuda", Language: Python, Package: torch, Download: sizePyTorch, DiskBytes: diskPyTorch,
		Runner: "pytorch", Arguments: []string{"cuda"}, Needs: DeviceCUDA, ByName: true,
	},
	{
		Name: "aprender-core", Language: Rust, Binary: "cupel-engine-aprender-core",
		Package:  Package{Name: "aprender-core", Released: map[string]string{"0.72.3": "2026-11-02"}},
		Download: "about five minutes of compiling", ByName: true,
	},
}

// torch is the package of all engines of PyTorch.
var torch = Package{Name: "torch", Released: map[string]string{"2.9.1": "2025-11-12"}}

// The size of PyTorch. The published build serves both CPU and GPU.
const (
	sizePyTorch = "about 3 GB to download, 6.6 GB unpacked, once for all engines of PyTorch"
	diskPyTorch = 12e9
)
