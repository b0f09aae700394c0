package judge_test

// This file makes what a run sees beside the times: requests, looks at processes,
// scores, rows near the boundary, the machine, and how contenders were made.

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/internal/suite"
	"cupel/model"
)

// records are those of a scene.
type records struct {
	machines    []evidence.Machine
	inspections []*evidence.Inspection
	scores      []*evidence.Scores
	hard        []*evidence.HardRows
	closures    map[string]*evidence.Closure
	// requests are by launch, inputs by replicate.
	requests map[int][]evidence.Request
	// requestsChanged are the launches whose requests are not the honest ones.
	requestsChanged map[int]bool
	inputs          map[int][]evidence.InputsFile
	// inputsOf are those of cells, where the plan has several.
	inputsOf map[string]map[int][]evidence.InputsFile
	packages map[string]*evidence.Packages
	builds   map[string]*evidence.Build
	harness  *evidence.Harness
	runs     []evidence.RunLogRow
}

func newRecords() records {
	return records{
		closures: map[string]*evidence.Closure{}, requests: map[int][]evidence.Request{}, inputs: map[int][]evidence.InputsFile{},
		requestsChanged: map[int]bool{}, packages: map[string]*evidence.Packages{}, builds: map[string]*evidence.Build{},
	}
}

// clone copies what tests change.
func (r records) clone() records {
	c := newRecords()
	c.machines, c.runs = copied(r.machines), copied(r.runs)
	c.inspections, c.scores, c.hard = copied(r.inspections), copied(r.scores), copied(r.hard)
	c.closures, c.packages, c.builds, c.harness = copied(r.closures), copied(r.packages), copied(r.builds), copied(r.harness)
	for launch, rows := range r.requests {
		c.requests[launch] = rows
	}
	for replicate, rows := range r.inputs {
		c.inputs[replicate] = slices.Clone(rows)
	}
	c.inputsOf = r.inputsOf
	return c
}

// copied is a deep copy, by way of JSON, as a bundle's reader would have it.
func copied[T any](value T) T {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	var copy T
	if err := json.Unmarshal(text, &copy); err != nil {
		panic(err)
	}
	return copy
}

// identity is the scene's machine.
var identity = evidence.MachineIdentity{BootID: "6e6f-626f-6479", SHA256: sha256Of([]byte("a machine")), From: "machine-id"}

func (r *stage) clocks() evidence.Clocks {
	return evidence.Clocks{MonotonicNanoseconds: 1e12 + r.now.Sub(r.began).Nanoseconds(), OffsetNanoseconds: 1_795_000_000_000_000_000}
}

// memoryBytes is the scene's memory.
const memoryBytes = 16 << 30

func memory() evidence.Memory {
	return evidence.Memory{TotalBytes: memoryBytes, AvailableBytes: memoryBytes / 4 * 3, Nodes: 1}
}

func (r *stage) cycles() []float64 {
	readings := make([]float64, 5)
	for i := range readings {
		readings[i] = 0.4 * (1 + 0.005*r.random.NormFloat64())
	}
	return readings
}

// machine is how the machine stands at the start of a replicate.
func (r *stage) machine(replicate int, last bool) {
	r.machines = append(r.machines, evidence.Machine{
		Time: r.now, Replicate: replicate, Last: last, Identity: identity, Clocks: r.clocks(), Memory: memory(),
		Processors: []evidence.Processor{{
			Number: 1, Vendor: "GenuineIntel", Family: "6", Model: "143", Name: r.environment.CPU, Stepping: "8", Microcode: "0x1",
			FlagsSHA256: sha256Of([]byte("flags")),
		}},
		CycleNanoseconds: r.cycles(),
	})
}

func (r *stage) watch(launches []*appearance) *evidence.BlockWatch {
	w := &evidence.BlockWatch{Before: r.clocks(), After: r.clocks(), Memory: memory(), CycleNanoseconds: r.cycles(), Compilers: []string{}}
	for _, a := range launches {
		w.Waits = append(w.Waits, evidence.LaunchWait{Launch: a.launch, WaitNanoseconds: 100_000})
	}
	return w
}

// ask keeps the request behind a sample.
func (a *appearance) ask(sample evidence.Sample, hop int32) *evidence.Request {
	batch := int32(a.plan.Batch)
	if sample.Phase == evidence.PhaseHard {
		batch = 1
	}
	request := evidence.Request{
		Launch: sample.Launch, Op: "infer", Phase: sample.Phase, Round: sample.Round, Model: modelOf(sample.Phase),
		Inputs: a.nextInputs(sample), Rows: sample.Rows, Dim: int32(784 * widthOf(sample.Phase)), Hop: hop, Batch: batch,
		Warmup: sample.Warmup, Calls: sample.Calls, Want: true, Labels: sample.Calls * batch, Checked: true, RequestBytes: 180,
		StartNanoseconds: *sample.StartNanoseconds, OuterNanoseconds: *sample.OuterNanoseconds, InnerNanoseconds: sample.InnerNanoseconds,
		CPUNanoseconds: sample.CPUNanoseconds, IdleNanoseconds: 3_000_000, IdleCPUNanoseconds: pointer(int64(2_000)),
	}
	if sample.Rows > 1 && hop == 1 {
		first, step := a.random.Int32N(sample.Rows), a.random.Int32N(1<<30)
		request.First, request.Step = &first, &step
	}
	switch sample.Phase {
	case evidence.PhaseLong, evidence.PhaseNear, evidence.PhaseEmpty, evidence.PhaseRequest:
		a.account(&request)
	}
	a.scene.requests[a.launch] = append(a.scene.requests[a.launch], request)
	return &a.scene.requests[a.launch][len(a.scene.requests[a.launch])-1]
}

// account is the kernel's, of a request of which nothing is to be said.
func (a *appearance) account(request *evidence.Request) {
	bytes := a.inputFile(request.Inputs).Bytes
	request.MinorFaults, request.MajorFaults = pointer(int64(2)), pointer(int64(0))
	request.ReadCalls, request.WriteCalls = pointer(int64(5)), pointer(int64(1))
	request.ReadBytes, request.WrittenBytes = pointer(bytes+int64(request.RequestBytes)), pointer(int64(request.Labels)*4/3+100)
	request.VoluntarySwitches, request.InvoluntarySwitches = pointer(int64(2)), pointer(int64(0))
	request.WaitNanoseconds, request.BusiestNanoseconds = pointer(int64(5_000)), pointer(*request.CPUNanoseconds)
	request.Threads, request.ResidentBytes = pointer(int64(1)), pointer(int64(30<<20))
	request.DescendantCPUNanoseconds, request.OffsetNanoseconds = pointer(int64(0)), pointer(int64(40))
}

func pointer[T any](value T) *T { return &value }

// modelOf names the model that bursts of a phase ask.
func modelOf(phase evidence.Phase) string {
	switch phase {
	case evidence.PhaseAltered:
		return "altered"
	case evidence.PhaseEagerHeavy:
		return "heavy"
	}
	for _, times := range suite.DefaultProbes.Widths {
		if phase == evidence.PhaseWidth(times) || phase == evidence.PhaseWidthEmpty(times) {
			return "width-" + string(rune('0'+times/10)) + string(rune('0'+times%10))
		}
	}
	return "model"
}

func widthOf(phase evidence.Phase) int {
	for _, times := range suite.DefaultProbes.Widths {
		if phase == evidence.PhaseWidth(times) || phase == evidence.PhaseWidthEmpty(times) {
			return times
		}
	}
	return 1
}

// drawnReplicate is the one whose files of rows are made as a run makes them.
const drawnReplicate = 3

// inputFile is a file of the replicate by its number.
func (a *appearance) inputFile(number int32) evidence.InputsFile {
	files := a.inputs[a.replicate]
	return files[slices.IndexFunc(files, func(file evidence.InputsFile) bool { return file.Number == number })]
}

// nextInputs makes the file of a request. In a round everybody gets the same.
func (a *appearance) nextInputs(sample evidence.Sample) int32 {
	files := a.inputs[a.replicate]
	if sample.Phase == evidence.PhaseRequest {
		return a.classicInputs()
	}
	values := (int64(sample.Rows)-1)*int64(hopOf(sample.Phase)) + int64(784*widthOf(sample.Phase))
	hard := sample.Phase == evidence.PhaseHard
	// To draw the files of all replicates again would take the tests long: in the
	// others one is large enough for all requests.
	shared := a.replicate != drawnReplicate && !hard
	if shared {
		if a.shared[a.replicate] > 0 {
			return a.shared[a.replicate]
		}
		values = sharedValues
	}
	a.inputsMade++
	file := evidence.InputsFile{Number: a.inputsMade, Drawn: "hard", Values: values, Bytes: 4 * values}
	if hard {
		file.SHA256 = sha256Of(protocol.EncodeInputs(a.hardOf(a.replicate).Values))
	} else {
		file.Drawn, file.SHA256 = "rows", sha256Of(protocol.EncodeInputs(draw.Inputs(a.nonce, int(a.inputsMade), 0, int(values))))
	}
	if shared {
		a.shared[a.replicate] = a.inputsMade
	}
	a.inputs[a.replicate] = append(files, file)
	return a.inputsMade
}

// sharedValues are more than any request of the scene asks for.
const sharedValues = 1 << 18

func (a *appearance) classicInputs() int32 {
	return a.sentInputs("classic", slices.Repeat(classicRow(), a.plan.Classic.Rows))
}

// sentInputs keeps a file of rows.
func (a *appearance) sentInputs(drawn string, values []float32) int32 {
	a.inputsMade++
	a.inputs[a.replicate] = append(a.inputs[a.replicate], evidence.InputsFile{
		Number: a.inputsMade, Drawn: drawn, Values: int64(len(values)), Bytes: int64(4 * len(values)), SHA256: sha256Of(littleEndian(values)),
	})
	return a.inputsMade
}

func littleEndian(values []float32) []byte {
	var text []byte
	for _, value := range values {
		text = binary.LittleEndian.AppendUint32(text, math.Float32bits(value))
	}
	return text
}

// load keeps the request that loads a model.
func (a *appearance) load(name, digest string) {
	a.scene.requests[a.launch] = append(a.scene.requests[a.launch], evidence.Request{
		Launch: int32(a.launch), Op: "load", Model: name, ModelSHA256: digest, RequestBytes: 150,
		StartNanoseconds: a.now.Sub(a.began).Nanoseconds(), OuterNanoseconds: 1_000_000,
	})
	a.now = a.now.Add(2 * time.Millisecond)
}

// inspect looks at the process.
func (a *appearance) inspect(moment evidence.Moment) {
	closure := a.closure()
	look := &evidence.Inspection{
		Launch: a.launch, Contender: a.name, Moment: moment, Process: 1000 + a.launch, StartTicks: int64(100_000 + 100*a.launch),
		Closure: closure, Executable: a.closures[closure].Files[0].SHA256,
		Unfiled: []evidence.UnfiledMapping{}, Devices: []string{}, Sockets: []evidence.Socket{}, OpenFiles: []string{},
		Scheduling: evidence.Scheduling{Policy: "other", Priority: 20},
		Threads:    []evidence.ThreadAffinity{{Thread: 1000 + a.launch, CPUs: []int{1}}}, Descendants: []evidence.ProcessTime{},
		WeightsSHA256: a.loaded(),
	}
	if moment == evidence.MomentLoaded {
		// The harness tells them once: a process has them from its start.
		look.Limits = map[string]string{"Max open files": "1024 4096"}
		look.Environment = []evidence.Variable{
			{Name: "PATH"}, {Name: "OMP_NUM_THREADS", Value: pointer("1")}, {Name: "OPENBLAS_NUM_THREADS", Value: pointer("1")},
			{Name: "MKL_NUM_THREADS", Value: pointer("1")}, {Name: "RAYON_NUM_THREADS", Value: pointer("1")}, {Name: "GOMAXPROCS", Value: pointer("1")},
		}
	}
	a.inspections = append(a.inspections, look)
}

// loaded is the digest of the model that the launch was given last.
func (a *appearance) loaded() string {
	rows := a.scene.requests[a.launch]
	for i := range rows {
		if row := rows[len(rows)-1-i]; row.Op == "load" {
			return row.ModelSHA256
		}
	}
	return ""
}

// closure is the digest of the launch's files of code.
func (a *appearance) closure() string {
	files := codeOf(a.performer)
	closure := closureDigest(files)
	if a.closures[closure] == nil {
		a.closures[closure] = &evidence.Closure{SHA256: closure, Contender: a.name, Launch: a.launch, Files: files, Nanoseconds: 1_000_000}
	}
	return closure
}

func closureDigest(files []evidence.MappedFile) string {
	text := ""
	for _, file := range files {
		text += file.Path + " " + file.SHA256 + "\n"
	}
	return sha256Of([]byte(text))
}

func floats(text []byte) []float32 {
	values := make([]float32, len(text)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(text[4*i:]))
	}
	return values
}

func fileOf(path string, origin evidence.Origin, pack string, binary *evidence.Binary) evidence.MappedFile {
	return evidence.MappedFile{Path: path, SHA256: sha256Of([]byte(path)), Bytes: 1 << 20, Origin: origin, Package: pack, Binary: binary}
}

// goBinary is how the harness, which is the go contender too, was built.
func goBinary() *evidence.Binary {
	return &evidence.Binary{
		Comments: []string{}, Symbols: true, DebugInfo: true,
		Go: &evidence.GoBuild{
			Version: "go1.26.8", Path: "cupel/cmd/cupel", Main: evidence.Module{Path: "cupel", Version: "v1.0.0"},
			Settings: map[string]string{"-compiler": "gc", "CGO_ENABLED": "1", "GOARCH": "amd64", "GOOS": "linux", "GOAMD64": "v1"},
			Modules:  []evidence.Module{{Path: "gonum.org/v1/gonum", Version: "v0.17.0", Sum: "h1:VbpOemQlsSMrYmn7T2OUvQ4dqxQXU+ouZFQsZOx50z4="}},
		},
	}
}

func libc() evidence.MappedFile {
	return fileOf("/usr/lib/x86_64-linux-gnu/libc.so.6", evidence.OriginSystem, "", &evidence.Binary{Comments: []string{"GCC: (Debian 12.2.0-14) 12.2.0"}})
}

// codeOf are the files of code that a performer's processes map, the program first.
func codeOf(p performer) []evidence.MappedFile {
	gcc := &evidence.Binary{Comments: []string{"GCC: (GNU) 13.3.1"}}
	switch p.format + p.hello.Name {
	case "safetensorscupel":
		return []evidence.MappedFile{fileOf("cupel", evidence.OriginHarness, "", goBinary()), libc()}
	case "apraprender":
		rustc := &evidence.Binary{Comments: []string{"GCC: (Debian 12.2.0-14) 12.2.0", "rustc version 1.95.0 (59807616e 2026-04-14)"}}
		return []evidence.MappedFile{fileOf("$CACHE/engines/aprender-1/target/release/cupel-engine-aprender", evidence.OriginBuild, "", rustc), libc()}
	default:
		return []evidence.MappedFile{
			fileOf("/usr/bin/python3.11", evidence.OriginSystem, "", gcc),
			fileOf("$CACHE/engines/pytorch-1/.venv/lib/python3.11/site-packages/torch/lib/libtorch_cpu.so", evidence.OriginPackage, "torch 2.9.1", gcc),
			libc(),
		}
	}
}

// fixedRows is how many rows are asked for scores again and again.
const fixedRows = 64

// score keeps what a launch answered when it was asked for scores.
func (a *appearance) score(asked evidence.ProbeScores, rowsBefore int64) {
	row := &evidence.Scores{
		Launch: a.launch, Contender: a.name, Asked: asked, Rows: fixedRows, Outputs: 2, Scale: string(a.hello.Scale), RowsBefore: rowsBefore,
		SameAsFirst: asked != evidence.ScoresFirst,
	}
	if a.hello.Scale == "probability" {
		row.Outputs = 1
	}
	switch asked {
	case evidence.ScoresFirst:
		a.sentInputs("fixed", fixedInputs(a.nonce))
		row.Float32 = littleEndian(a.fitted.scores(a.hello.Scale == "probability", fixedInputs(a.nonce)))
	case evidence.ScoresUnit:
		row.Rows, row.SameAsFirst = 785, false
		a.sentInputs("unit", append(make([]float32, 784), append([]float32{1}, make([]float32, 783)...)...))
		row.Float32 = littleEndian(a.fitted.scores(a.hello.Scale == "probability", unitInputs()))
	}
	a.scores = append(a.scores, row)
}

// fixedInputs are the rows that are the same in all launches.
func fixedInputs(nonce string) []float32 { return draw.Fixed(nonce, fixedRows*784) }

// unitInputs are a row of zeros and then the rows that have a single 1.
func unitInputs() []float32 {
	values := make([]float32, 785*784)
	for j := range 784 {
		values[(j+1)*784+j] = 1
	}
	return values
}

// fitted is the scene's model with its files' digests.
type fitted struct {
	model   *model.Model
	digests map[string]string
}

// scores are those of rows, in float32 from float64: logits, or P(class 1) alone.
func (f *fitted) scores(probability bool, values []float32) []float32 {
	var scores []float32
	for at := 0; at < len(values); at += 784 {
		logits := f.model.ScoresFloat64(values[at : at+784])
		if probability {
			scores = append(scores, float32(1/(1+math.Exp(logits[0]-logits[1]))))
			continue
		}
		scores = append(scores, float32(logits[0]), float32(logits[1]))
	}
	return scores
}

// hardDrawn are the rows near the boundary of a replicate, and the way over them.
type hardDrawn struct {
	*reference.Boundary
	first, step int
}

// drawHard draws them as a run does.
func drawHard(m *model.Model, nonce string, replicate int) hardDrawn {
	random := draw.Stream(nonce, "hard", replicate)
	rows, err := reference.New(m).HardRows(random, suite.DefaultProbes.HardRows)
	if err != nil {
		panic(err)
	}
	return hardDrawn{rows, random.IntN(suite.DefaultProbes.HardRows), random.IntN(protocol.MaxStep)}
}

// hardOf are those of the replicate that has a turn: the same for all of its launches.
func (r *stage) hardOf(replicate int) hardDrawn {
	key := fmt.Sprint(r.nonce, replicate)
	if _, made := r.hardMade[key]; !made {
		r.hardMade[key] = drawHard(r.fitted.model, r.nonce, replicate)
	}
	return r.hardMade[key]
}

// answered has a launch answer hard rows rightly.
func (h hardDrawn) answered(row *evidence.HardRows) {
	row.Rows, row.Calls, row.First, row.Step = len(h.Labels), suite.DefaultProbes.HardCalls, h.first, h.step
	row.Labels, row.ByClass = nil, []int{0, 0}
	request := protocol.InferRequest{Rows: row.Rows, Batch: 1, First: &row.First, Step: &row.Step, Calls: row.Calls}
	for range row.Calls {
		visited := reference.Visited(request, nil, append(slices.Clone(row.Labels), 0))
		label := h.Labels[visited[len(visited)-1]]
		row.Labels = append(row.Labels, label)
		row.ByClass[label]++
	}
	row.Expected = slices.Clone(row.Labels)
}

func (a *appearance) hardRows() {
	row := &evidence.HardRows{
		Launch: a.launch, Contender: a.name, Inputs: int(a.inputsMade), WrongByClass: []int{0, 0},
		Suspects: []evidence.Suspect{{Corner: "bfloat16 weights", Same: 70}, {Corner: "half the inputs", Same: 64}},
	}
	a.hardOf(a.replicate).answered(row)
	for range 784 / 16 {
		row.Blocks = append(row.Blocks, 20)
	}
	a.hard = append(a.hard, row)
}

// makings say how the contenders were made.
func (s *scene) makings() {
	binary := goBinary()
	program := codeOf(performers()[0])[0]
	s.harness = &evidence.Harness{SHA256: program.SHA256, Bytes: program.Bytes, Binary: *binary}
	folder := func(name, file string) []byte { return s.files[filepath.Join(evidence.ContendersDir, name, file)] }
	s.packages["pytorch"] = &evidence.Packages{
		Contender: "pytorch", LockFile: "requirements.lock", Lock: sha256Of(folder("pytorch", "requirements.lock")),
		Runtime: "3.11.7", RuntimeFrom: "pyvenv.cfg", Missing: []string{}, Strays: []string{}, Bytecode: 2000, Files: 12_000, Bytes: 6 << 30, Nanoseconds: 30e9,
		Packages: []evidence.Package{{
			Name: "torch", Version: "2.9.1", Locked: true, LockHashes: []string{sha256Of([]byte("a wheel"))}, Released: "2025-11-12",
			RecordSHA256: sha256Of([]byte("torch's RECORD")), SHA256: sha256Of([]byte("torch's files")), Files: 11_000, Bytes: 1 << 30,
			Changed: []string{}, Absent: []string{},
		}},
	}
	built := codeOf(performers()[2])[0].SHA256
	sources := map[string]string{}
	for _, name := range []string{"Cargo.toml", "Cargo.lock", "build.rs", "clippy.toml", "src/main.rs", "src/protocol.rs"} {
		sources[name] = sha256Of(folder("aprender", name))
	}
	s.builds["aprender"] = &evidence.Build{
		Contender: "aprender", How: "cargo build --release --locked, cargo 1.95.0 (f2d3ce0bd 2026-03-21)", LogFile: "build.log",
		LogSHA256: sha256Of(folder("aprender", "build.log")), Sources: sha256Of([]byte("sources")), SourceFiles: sources,
		Executable: built, Recorded: built, Environment: []evidence.Variable{},
	}
	s.builds["go"] = &evidence.Build{
		Contender: "go", How: "go build, go1.26.8 GOAMD64=v1", Executable: program.SHA256, Recorded: program.SHA256, Environment: []evidence.Variable{},
		Sources: model.SourceDigest(),
	}
	_, run, err := s.plan.Encode()
	if err != nil {
		panic(err)
	}
	s.runs = []evidence.RunLogRow{{Run: run, Plan: sha256Of([]byte("the plan without its nonce")), Time: s.environment.Time, Event: "began", Suite: sha256Of(s.suiteText), Boot: identity.BootID}}
}

// writeRecords writes all of it.
func (s *scene) writeRecords(t testing.TB, w *evidence.Writer) {
	t.Helper()
	for _, row := range s.machines {
		must(t, w.Note(row))
	}
	for _, closure := range s.closures {
		must(t, w.Note(*closure))
	}
	for _, row := range s.inspections {
		must(t, w.Note(*row))
	}
	for _, row := range s.scores {
		must(t, w.Note(*row))
	}
	for _, row := range s.hard {
		must(t, w.Note(*row))
	}
	for replicate, files := range s.inputs {
		must(t, w.WriteInputs("", replicate, files))
	}
	for cell, replicates := range s.inputsOf {
		for replicate, files := range replicates {
			must(t, w.WriteInputs(cell, replicate, files))
		}
	}
	for name, packages := range s.packages {
		must(t, w.WriteJSON(filepath.Join(evidence.ContendersDir, name, evidence.PackagesFile), packages))
	}
	for name, build := range s.builds {
		must(t, w.WriteJSON(filepath.Join(evidence.ContendersDir, name, evidence.BuildFile), build))
	}
	if s.harness != nil {
		must(t, w.WriteJSON(evidence.HarnessFile, s.harness))
	}
	var lines []byte
	for _, row := range s.runs {
		line, err := json.Marshal(row)
		must(t, err)
		lines = append(append(lines, line...), '\n')
	}
	must(t, w.WriteFile(evidence.RunLogFile, lines))
}

// seen visits what was seen of a contender's launches, to change it.
func (s *scene) seen(contender string, visit func(*evidence.Inspection)) {
	for _, row := range s.inspections {
		if row.Contender == contender {
			visit(row)
		}
	}
}

// asked visits a contender's requests, to change them.
func (s *scene) asked(contender string, visit func(*evidence.Request)) {
	for _, launch := range s.launchesOf(contender) {
		rows := s.editRequests(launch)
		for i := range rows {
			visit(&rows[i])
		}
	}
}

// editRequests gives the requests of a launch to be changed.
func (s *scene) editRequests(launch int) []evidence.Request {
	if !s.requestsChanged[launch] {
		rows := slices.Clone(s.requests[launch])
		for i := range rows {
			row := reflect.ValueOf(&rows[i]).Elem()
			for at := range row.NumField() {
				if field := row.Field(at); field.Kind() == reflect.Pointer && !field.IsNil() {
					own := reflect.New(field.Type().Elem())
					own.Elem().Set(field.Elem())
					field.Set(own)
				}
			}
		}
		s.requests[launch], s.requestsChanged[launch] = rows, true
	}
	return s.requests[launch]
}

// scored visits a contender's scores, to change them.
func (s *scene) scored(contender string, visit func(*evidence.Scores)) {
	for _, row := range s.scores {
		if row.Contender == contender {
			visit(row)
		}
	}
}

// publish changes the figures of a contender's result file, after they were derived.
func (s *scene) publish(contender string, change func(figures map[string]any)) {
	s.rewriteJSON(contender+"_mnist_results.json", func(file map[string]any) {
		change(file["results"].([]any)[0].(map[string]any))
	})
}

// publishPair changes the figures of the first pair of the summary, there and in the
// list of pairs.
func (s *scene) publishPair(change func(pair map[string]any)) {
	s.rewriteJSON("comparison_summary.json", func(file map[string]any) {
		change(file)
		change(file["pairs"].([]any)[0].(map[string]any))
	})
}

// rewriteJSON changes a derived file in JSON.
func (s *scene) rewriteJSON(name string, change func(file map[string]any)) {
	s.rewrite(name, func(text string) string {
		file := map[string]any{}
		if err := json.Unmarshal([]byte(text), &file); err != nil {
			panic(err)
		}
		change(file)
		changed, err := json.MarshalIndent(file, "", "  ")
		if err != nil {
			panic(err)
		}
		return string(changed)
	})
}

// rewrite changes a derived file.
func (s *scene) rewrite(name string, change func(text string) string) {
	s.after = append(s.after, func(t testing.TB, dir string) {
		path := filepath.Join(dir, evidence.ResultsDir, name)
		text, err := os.ReadFile(path)
		must(t, err)
		changed := change(string(text))
		if changed == string(text) {
			t.Errorf("%s is not changed", name)
		}
		must(t, os.WriteFile(path, []byte(changed), 0o644))
	})
}

// beside makes a contender one of the suite's own that says it runs a known engine,
// whose canonical runner then stands beside it: the contender takes so many times as
// long.
func (s *scene) beside(contender string, times float64) {
	s.plan.Own = append(s.plan.Own, contender)
	s.plan.Canonical = map[string]string{contender: contender}
	_, digest, err := s.plan.Encode()
	if err != nil {
		panic(err)
	}
	s.rows(evidence.EventPlan, "", func(row *evidence.LedgerRow) { row.SHA256[evidence.PlanFile] = digest })
	twin := suite.CanonicalName(contender)
	s.statements[twin] = copied(s.statements[contender])
	s.statements[twin].Contender = twin
	s.installAs(contender, twin)
	numbers := map[int]int{}
	for i, launch := range s.launchesOf(contender) {
		numbers[launch] = 1000 + i
		s.standIn(launch, 1000+i, twin, times)
	}
	var ledger []evidence.LedgerRow
	for _, row := range s.ledger {
		ledger = append(ledger, row)
		if numbers[row.Launch] == 0 || row.Event != evidence.EventStarted && row.Event != evidence.EventEnded {
			continue
		}
		row.Launch, row.Contender, row.Role = numbers[row.Launch], twin, evidence.RoleCanonical
		ledger = append(ledger, row)
	}
	s.ledger = ledger
}

// installAs gives a contender the installation of another one.
func (s *scene) installAs(contender, name string) {
	folder := filepath.Join(evidence.ContendersDir, contender) + "/"
	for path, text := range maps.Clone(s.files) {
		if file, within := strings.CutPrefix(path, folder); within {
			s.files[filepath.Join(evidence.ContendersDir, name, file)] = text
		}
	}
	if packages := s.packages[contender]; packages != nil {
		s.packages[name] = copied(packages)
		s.packages[name].Contender = name
	}
}

// standIn copies what there is of a launch for another one, whose times are shorter.
func (s *scene) standIn(launch, number int, twin string, times float64) {
	samples := slices.Clone(s.samples[launch])
	for i := range samples {
		sample := &samples[i]
		sample.Launch, sample.Contender = int32(number), twin
		sample.InnerNanoseconds = scaled(sample.InnerNanoseconds, 1/times)
		for _, field := range []**int64{&sample.OuterNanoseconds, &sample.CPUNanoseconds} {
			if *field != nil {
				*field = pointer(scaled(**field, 1/times))
			}
		}
	}
	s.replace(number, samples)
	s.requests[number] = slices.Clone(s.requests[launch])
	s.requestsChanged[number] = true
	s.observations[number] = copied(s.observations[launch])
	s.observations[number].Launch, s.observations[number].Contender = number, twin
	for _, look := range s.inspections {
		if look.Launch == launch {
			other := copied(look)
			other.Launch, other.Contender = number, twin
			s.inspections = append(s.inspections, other)
		}
	}
}
