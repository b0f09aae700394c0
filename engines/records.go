package engines

// This file is the table of the engines, one record each. It holds everything that the
// program knows of an engine by its name. To add an engine, add its record here and its
// folder. An engine in Go also needs its implementation in internal/goengines.
//
// Never remove a release, or the digest of an earlier runner: an older bundle ran these,
// and the audit judges it by them. When a runner changes, add the digest that it had.

// records are in the order in which lists show them.
var records = []Engine{
	{
		Name: "go", Language: Go,
		Earlier: earlierPrograms,
		// This engine is built from the sources of this program and has no release of
		// its own.
	},
	{
		Name: "gonum", Language: Go,
		Earlier: earlierPrograms,
		Package: Package{Name: "gonum.org/v1/gonum", Released: map[string]string{"v0.17.0": "2025-12-29"}},
	},
	{
		Name: "pytorch", Language: Python, Package: torch, Download: sizePyTorch, DiskBytes: diskPyTorch,
		Earlier: earlierPyTorch,
		// This agrees with the published cost: 5 us at 5 GHz.
		Call:      &CallCost{Cycles: 25_000, CyclesPerMultiplyAdd: 0.4},
		Variables: []string{"TORCH", "PYTORCH_", "ATEN_"},
	},
	{
		Name: "onnxruntime", Language: Python,
		Earlier:   []string{"30f2130dbba7477821eabaeee542b2dac968e394d3939001aec920116a52c531"},
		Package:   Package{Name: "onnxruntime", Released: map[string]string{"1.31.1": "2026-10-26"}},
		Call:      &CallCost{Cycles: 17_000, CyclesPerMultiplyAdd: 2},
		Variables: []string{"ORT_", "ONNX"},
	},
	{
		Name: "numpy", Language: Python,
		Earlier:   []string{"85848f15713a8152a5c9b06c68bdef75ef9fe57885b724eba3dbbfcc4a5c41ac"},
		Package:   Package{Name: "numpy", Released: map[string]string{"2.4.6": "2026-05-18"}},
		Call:      &CallCost{Cycles: 8_000, CyclesPerMultiplyAdd: 0.4},
		Variables: []string{"NPY_"},
	},
	{
		Name: "scikit-learn", Language: Python,
		Earlier:   []string{"90108956f5cfb215a4afe13b446ea600bc582ec5b8b12acd1dc589e86a1a5a16"},
		Package:   Package{Name: "scikit-learn", Released: map[string]string{"1.9.1": "2026-09-10"}},
		Call:      &CallCost{Cycles: 690_000, CyclesPerMultiplyAdd: 1},
		Variables: []string{"SKLEARN_", "SCIPY_", "JOBLIB_", "LOKY_"},
	},
	{
		Name: "aprender", Language: Rust, Binary: "cupel-engine-aprender",
		Earlier: []string{"568d3228de61b5cf4c19090fd2b2df4df106bc964eb5872bea5ba48ff28f7196"},
		Package: Package{Name: "aprender", Released: map[string]string{"0.11.0": "2025-11-27"}},
	},
	{
		Name: "pytorch-compile", Language: Python, Package: torch, Download: sizePyTorch, DiskBytes: diskPyTorch,
		Earlier: earlierPyTorch,
		Runner:  "pytorch", Arguments: []string{"compile"}, Needs: CompilerCPP, ByName: true, Compiles: true,
	},
	{
		Name: "pytorch-cuda", Language: Python, Package: torch, Download: sizePyTorch, DiskBytes: diskPyTorch,
		Earlier: earlierPyTorch,
		Runner:  "pytorch", Arguments: []string{"cuda"}, Needs: DeviceCUDA, ByName: true,
	},
	{
		Name: "aprender-core", Language: Rust, Binary: "cupel-engine-aprender-core",
		Earlier:  []string{"b09b2e9f147a949b34281421a626d011612167dc532ee0eb726a1f32d34996d3"},
		Package:  Package{Name: "aprender-core", Released: map[string]string{"0.72.3": "2026-11-02"}},
		Download: "about five minutes of compiling", ByName: true,
	},
}

// earlierPrograms are the digests of the sources of the Go engines in earlier versions.
var earlierPrograms = []string{"22fdc989af82780a4c68d300b2ae6f2dc51a20ae739478d3683d1148fbf69dba"}

// earlierPyTorch are the digests of earlier versions of the runner of PyTorch, which its
// engines share.
var earlierPyTorch = []string{"2e94719cec9a5e8e43d9cff260a0d3b3fc142ef13d18dde82537e0eb31802a13"}

// torch is the package of all engines of PyTorch.
var torch = Package{Name: "torch", Released: map[string]string{"2.9.1": "2025-11-12"}}

// The size of PyTorch. The published build serves both CPU and GPU.
const (
	sizePyTorch = "about 3 GB to download, 6.6 GB unpacked, once for all engines of PyTorch"
	diskPyTorch = 12e9
)
