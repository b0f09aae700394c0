package suite

// This file reads suite files: it decodes them strictly, and then checks each value. Each
// error has its line.

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	// This TOML package also gives the position of an unknown key and of a value of the
	// wrong type. Other packages give only that of a syntax error.
	"github.com/pelletier/go-toml/v2"

	"cupel/engines"
	"cupel/internal/dataset"
	"cupel/internal/protocol"
	"cupel/model"
)

// Error is a fault in a suite file.
type Error struct {
	File    string
	Line    int
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message) }

// file is a suite as in the file.
type file struct {
	Name       string          `toml:"name"`
	Title      string          `toml:"title"`
	Workload   workloadFile    `toml:"workload"`
	Fit        *fitFile        `toml:"fit"`
	Protocol   protocolFile    `toml:"protocol"`
	Contenders []contenderFile `toml:"contender"`
	Claims     []claimFile     `toml:"claim"`
}

type workloadFile struct {
	Kind       string  `toml:"kind"`
	Model      string  `toml:"model"`
	Layers     []int   `toml:"layers"`
	Activation string  `toml:"activation"`
	Dataset    string  `toml:"dataset"`
	Batch      any     `toml:"batch"`
	Threads    any     `toml:"threads"`
	Seed       *uint64 `toml:"seed"`
	Accuracy   float64 `toml:"accuracy"`
}

type fitFile struct {
	Rows         int     `toml:"rows"`
	Epochs       int     `toml:"epochs"`
	Batch        int     `toml:"batch"`
	LearningRate float64 `toml:"learning_rate"`
	Decay        float64 `toml:"learning_rate_decay"`
}

type protocolFile struct {
	Warmup     *int     `toml:"warmup"`
	Iterations *int     `toml:"iterations"`
	Launches   *int     `toml:"launches"`
	Precision  *float64 `toml:"precision"`
	Tolerance  *float64 `toml:"tolerance"`
	Budget     *string  `toml:"budget"`
}

type contenderFile struct {
	Name     string   `toml:"name"`
	Command  []string `toml:"command"`
	Engine   string   `toml:"engine"`
	Source   []string `toml:"source"`
	Build    []string `toml:"build"`
	Compiles bool     `toml:"compiles"`
}

type claimFile struct {
	Faster string `toml:"faster"`
	Than   string `toml:"than"`
}

// maxFileBytes bounds a suite file. Ordinary ones have a few kilobytes.
const maxFileBytes = 1 << 20

// Load returns the built-in suite with this name, or else reads the file at this path.
// Errors in a file have the type *Error.
func Load(nameOrPath string) (*Suite, error) {
	if text, ok := builtIn(nameOrPath); ok {
		s, err := Parse(nameOrPath+" (built in)", ".", text)
		if err == nil {
			s.BuiltIn = true
		}
		return s, err
	}
	text, err := readBounded(nameOrPath)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &Error{nameOrPath, 1, fmt.Sprintf("there is no such suite file; the built-in suites are %s", strings.Join(BuiltInNames(), ", "))}
	}
	if err != nil {
		return nil, &Error{nameOrPath, 1, "cannot be read: " + err.Error()}
	}
	dir, err := filepath.Abs(filepath.Dir(nameOrPath))
	if err != nil {
		return nil, fmt.Errorf("suite %s: %w", nameOrPath, err)
	}
	return Parse(nameOrPath, dir, text)
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFileBytes {
		return nil, fmt.Errorf("expected a regular file of at most %d bytes", maxFileBytes)
	}
	return os.ReadFile(path)
}

// Parse reads a suite from text. name is the file's name in errors. Relative commands start
// from dir.
func Parse(name, dir string, text []byte) (*Suite, error) {
	var raw file
	decoder := toml.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&raw); err != nil {
		return nil, decodeError(name, err)
	}
	c := &checker{file: name, lines: locate(text)}
	s := c.suite(raw)
	if c.err != nil {
		return nil, c.err
	}
	s.File, s.Dir, s.Text = name, dir, text
	return s, nil
}

func decodeError(name string, err error) error {
	if strict := new(toml.StrictMissingError); errors.As(err, &strict) {
		first := strict.Errors[0]
		line, _ := first.Position()
		key := []string(first.Key())
		return &Error{name, line, fmt.Sprintf("unknown key %q; expected one of %s", strings.Join(key, "."), strings.Join(siblings(key), ", "))}
	}
	if decode := new(toml.DecodeError); errors.As(err, &decode) {
		line, _ := decode.Position()
		message := strings.TrimPrefix(decode.Error(), "toml: ")
		if key := []string(decode.Key()); len(key) > 0 {
			message = fmt.Sprintf("key %q: expected %s (%s)", strings.Join(key, "."), expected(key), message)
		}
		return &Error{name, line, message}
	}
	return &Error{name, 1, err.Error()}
}

// field follows a key's path through the types of a suite file.
func field(key []string) (reflect.Type, bool) {
	at := reflect.TypeFor[file]()
	for _, part := range key {
		for at.Kind() == reflect.Slice || at.Kind() == reflect.Pointer {
			at = at.Elem()
		}
		if at.Kind() != reflect.Struct {
			return nil, false
		}
		found := slices.IndexFunc(reflect.VisibleFields(at), func(f reflect.StructField) bool { return f.Tag.Get("toml") == part })
		if found < 0 {
			return nil, false
		}
		at = at.Field(found).Type
	}
	return at, true
}

// siblings lists the keys that are known in the table of key.
func siblings(key []string) []string {
	at, ok := field(key[:len(key)-1])
	if !ok {
		return nil
	}
	for at.Kind() == reflect.Slice || at.Kind() == reflect.Pointer {
		at = at.Elem()
	}
	if at.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for _, f := range reflect.VisibleFields(at) {
		names = append(names, f.Tag.Get("toml"))
	}
	return names
}

// expected names the kind of value for a key.
func expected(key []string) string {
	at, ok := field(key)
	if !ok {
		return "another kind of value"
	}
	return kindName(at)
}

func kindName(at reflect.Type) string {
	switch at.Kind() {
	case reflect.Pointer:
		return kindName(at.Elem())
	case reflect.Slice:
		if at.Elem().Kind() == reflect.Struct {
			return "an array of tables"
		}
		return "a list, each " + kindName(at.Elem())
	case reflect.String:
		return "a string"
	case reflect.Int, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	default:
		return "a table"
	}
}

// checker turns a file into a suite and keeps the first error.
type checker struct {
	file  string
	lines lines
	err   error
}

func (c *checker) fail(path, format string, args ...any) {
	if c.err != nil {
		return
	}
	table, _, _ := strings.Cut(path, ".")
	c.err = &Error{c.file, c.lines.of(path, table), fmt.Sprintf(format, args...)}
}

// nameRule makes names usable as file names and in claims written A/B.
var nameRule = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func (c *checker) suite(raw file) *Suite {
	if !nameRule.MatchString(raw.Name) {
		c.fail("name", "name is %q; expected 1 to 64 of a-z, 0-9, '.', '_', '-'", raw.Name)
	}
	s := &Suite{Name: raw.Name, Title: raw.Title, Workload: c.workload(raw), Protocol: c.protocol(raw.Protocol, raw.Workload.Kind)}
	if s.Title == "" {
		s.Title = s.Name
	}
	c.answerable(s)
	for i, contender := range raw.Contenders {
		s.Contenders = append(s.Contenders, c.contender(fmt.Sprintf("contender[%d]", i), contender, s.Contenders))
	}
	if len(s.Contenders) == 0 {
		c.fail("contender", "no [[contender]]; expected at least one")
	}
	for i, claim := range raw.Claims {
		s.Claims = append(s.Claims, c.claim(fmt.Sprintf("claim[%d]", i), claim, s.Contenders))
	}
	return s
}

func (c *checker) workload(raw file) Workload {
	w := raw.Workload
	c.oneOf("workload.kind", w.Kind, KindInference, KindFit)
	c.oneOf("workload.model", w.Model, string(model.LogisticRegression), string(model.MLP))
	c.oneOf("workload.dataset", w.Dataset, dataset.Names()...)
	architecture := model.Architecture{Kind: model.Kind(w.Model), Layers: w.Layers, Activation: w.Activation}
	if architecture.Kind == model.MLP && architecture.Activation == "" {
		architecture.Activation = "relu"
	}
	if err := architecture.Validate(); err != nil {
		c.fail("workload.layers", "%v", err)
	}
	c.fits(architecture, w.Dataset, w.Kind)
	if w.Seed == nil {
		c.fail("workload.seed", "seed is missing; expected a whole number, such as 42")
		w.Seed = new(uint64)
	}
	if w.Accuracy < 0 || w.Accuracy > 1 || math.IsNaN(w.Accuracy) {
		c.fail("workload.accuracy", "accuracy is %v; expected a share between 0 and 1", w.Accuracy)
	}
	if w.Kind == KindFit {
		c.trainable(raw, architecture)
	} else if raw.Fit != nil && raw.Fit.Rows != 0 {
		c.fail("fit.rows", "fit.rows is only for workloads of kind %q; for inference, the model is fitted on all rows", KindFit)
	}
	cells := cellsOf(c.counts("workload.threads", w.Threads), c.counts("workload.batch", w.Batch))
	if len(cells) > maxCells {
		c.fail("workload.batch", "threads and batch make %d cells; expected at most %d", len(cells), maxCells)
	}
	return Workload{
		Kind: w.Kind, Architecture: architecture, Dataset: w.Dataset,
		Batch: cells[0].Batch, Threads: cells[0].Threads, Cells: cells,
		Seed: *w.Seed, Accuracy: w.Accuracy,
		Fit: c.fit(raw.Fit, architecture, w.Dataset, *w.Seed), Rows: rowsOf(raw.Fit),
	}
}

// fits checks that the model's inputs and outputs have the widths of the dataset.
func (c *checker) fits(architecture model.Architecture, name, kind string) {
	dim, classes, err := dataset.Shape(name)
	if c.err != nil || err != nil {
		return
	}
	if architecture.Inputs() != dim {
		c.fail("workload.layers", "layers begin with %d; expected %d, the width of %s", architecture.Inputs(), dim, name)
	}
	if kind == KindFit && architecture.Classes() == 2 {
		return // Of more classes two are drawn for each training.
	}
	if architecture.Outputs() != classes {
		c.fail("workload.layers", "layers end with %d; expected %d, the classes of %s", architecture.Outputs(), classes, name)
	}
}

// counts reads batch or threads: a whole number, or a list of different numbers.
func (c *checker) counts(path string, value any) []int {
	if value == nil {
		return []int{1}
	}
	list, several := value.([]any)
	if !several {
		list = []any{value}
	}
	var counts []int
	for _, entry := range list {
		number, ok := entry.(int64)
		if !ok || number < 1 || number > 1<<16 {
			c.fail(path, "%s is %v; expected a whole number from 1 to %d, or a list of such numbers", path, value, 1<<16)
			return []int{1}
		}
		if slices.Contains(counts, int(number)) {
			c.fail(path, "%s has %d twice; expected different numbers", path, number)
		}
		counts = append(counts, int(number))
	}
	if len(counts) == 0 {
		c.fail(path, "%s is an empty list; expected at least one number", path)
		return []int{1}
	}
	return counts
}

func (c *checker) fit(raw *fitFile, architecture model.Architecture, data string, seed uint64) model.FitConfig {
	config := defaultFit(architecture.Kind, data)
	config.Seed = seed
	if raw == nil {
		return config
	}
	if raw.Batch == 0 {
		raw.Batch = raw.Rows
	}
	if raw.Epochs < 1 || raw.Batch < 1 || !(raw.LearningRate > 0) || math.IsInf(raw.LearningRate, 0) {
		c.fail("fit", "[fit] has epochs %d, batch %d, learning_rate %v; expected each above 0", raw.Epochs, raw.Batch, raw.LearningRate)
	}
	if raw.Epochs > maxTimes || raw.Batch > maxRows {
		c.fail("fit", "[fit] has epochs %d, batch %d; expected at most %d and %d", raw.Epochs, raw.Batch, maxTimes, maxRows)
	}
	if !(raw.Decay >= 0 && raw.Decay < 1) {
		c.fail("fit.learning_rate_decay", "learning_rate_decay is %v; expected a share from 0 to below 1", raw.Decay)
	}
	config.Epochs, config.BatchSize = raw.Epochs, raw.Batch
	config.LearningRate, config.LearningRateDecay = float32(raw.LearningRate), float32(raw.Decay)
	return config
}

func (c *checker) protocol(raw protocolFile, kind string) Protocol {
	warmup, iterations := 100, 10_000
	if kind == KindFit {
		warmup, iterations = 3, 30
	}
	return Protocol{
		Warmup:     c.count("protocol.warmup", raw.Warmup, warmup, 0, 1<<20),
		Iterations: c.count("protocol.iterations", raw.Iterations, iterations, 2, 1<<22),
		Launches:   c.count("protocol.launches", raw.Launches, 10, 1, 10_000),
		Precision:  c.share("protocol.precision", raw.Precision, 0.01),
		Tolerance:  c.share("protocol.tolerance", raw.Tolerance, 0.01),
		Budget:     c.duration("protocol.budget", raw.Budget, 180*time.Second),
	}
}

func (c *checker) count(path string, value *int, absent, least, most int) int {
	if value == nil {
		return absent
	}
	if *value < least || *value > most {
		c.fail(path, "%s is %d; expected %d to %d", path, *value, least, most)
	}
	return *value
}

func (c *checker) share(path string, value *float64, absent float64) float64 {
	if value == nil {
		return absent
	}
	if !(*value > 0 && *value < 1) {
		c.fail(path, "%s is %v; expected a share between 0 and 1, such as 0.01", path, *value)
	}
	return *value
}

func (c *checker) duration(path string, value *string, absent time.Duration) time.Duration {
	if value == nil {
		return absent
	}
	parsed, err := time.ParseDuration(*value)
	if err != nil || parsed <= 0 {
		c.fail(path, "%s is %q; expected a time such as \"180s\" or \"3m\"", path, *value)
	}
	return parsed
}

func (c *checker) oneOf(path, value string, known ...string) {
	if !slices.Contains(known, value) {
		c.fail(path, "%s is %q; expected %q", path, value, known)
	}
}

func (c *checker) contender(path string, raw contenderFile, before []Contender) Contender {
	if !nameRule.MatchString(raw.Name) {
		c.fail(path+".name", "contender name is %q; expected 1 to 64 of a-z, 0-9, '.', '_', '-'", raw.Name)
	}
	if slices.ContainsFunc(before, func(other Contender) bool { return other.Name == raw.Name }) {
		c.fail(path+".name", "there are two contenders %q; expected different names", raw.Name)
	}
	known := engines.Names()
	if len(raw.Command) == 0 && !slices.Contains(known, raw.Name) {
		c.fail(path+".name", "there is no built-in engine %q; expected one of %s, or a contender with its own command", raw.Name, strings.Join(known, ", "))
	}
	if len(raw.Command) > 0 && raw.Command[0] == "" {
		c.fail(path+".command", "command starts with an empty string; expected a program")
	}
	if raw.Engine != "" && !slices.Contains(known, raw.Engine) {
		c.fail(path+".engine", "there is no built-in engine %q; expected one of %s", raw.Engine, strings.Join(known, ", "))
	}
	if raw.Compiles && len(raw.Command) == 0 {
		c.fail(path+".compiles", "compiles is only for a contender with its own command; cupel knows it of %q", raw.Name)
	}
	c.made(path, raw)
	return Contender(raw)
}

// made checks the sources of a contender.
func (c *checker) made(path string, raw contenderFile) {
	switch {
	case len(raw.Source) > 0 && len(raw.Command) == 0:
		c.fail(path+".source", "source is only for a contender with its own command; %q has none", raw.Name)
	case len(raw.Build) > 0 && len(raw.Source) == 0:
		c.fail(path+".build", "build needs source, with the files that it builds from")
	case len(raw.Build) > 0 && raw.Build[0] == "":
		c.fail(path+".build", "build starts with an empty string; expected a program")
	}
	for _, name := range raw.Source {
		// The suite's whole folder is refused: it holds bundles, so it changes with each
		// run.
		if !filepath.IsLocal(name) || filepath.Clean(name) == "." {
			c.fail(path+".source", "source has %q; expected files and folders below the suite's folder", name)
		}
	}
}

func (c *checker) claim(path string, raw claimFile, contenders []Contender) Claim {
	c.isContender(path+".faster", raw.Faster, contenders)
	c.isContender(path+".than", raw.Than, contenders)
	if raw.Faster == raw.Than {
		c.fail(path, "a claim compares two contenders, not %q with itself", raw.Faster)
	}
	return Claim(raw)
}

func (c *checker) isContender(path, name string, contenders []Contender) {
	if !slices.ContainsFunc(contenders, func(contender Contender) bool { return contender.Name == name }) {
		c.fail(path, "claim names %q, which is not a contender of this suite", name)
	}
}

// answerable checks that each reply of the classic protocol fits into a line.
func (c *checker) answerable(s *Suite) {
	for _, cell := range s.Workload.Cells {
		calls := s.classic(cell).Iterations
		if binary := calls*cell.Batch + 4*calls; binary/3*4+1024 > protocol.MaxLineBytes {
			c.fail("protocol.iterations", "%d calls of batch %d need a reply of %d MiB; expected fewer, because a reply has at most %d",
				calls, cell.Batch, (binary/3*4)>>20, protocol.MaxLineBytes>>20)
		}
	}
}
