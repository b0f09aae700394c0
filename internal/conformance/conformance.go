// Package conformance tests a contender's program against the protocol, point by point,
// and reports each fault in words that help the program's author.
//
// It sends everything that a run may send and more, with models and rows of its own,
// and judges labels and scores by the same reference as a run. It does not judge time:
// a program that answers rightly passes, whatever its speed and its statement of it.
package conformance

// This file holds the order of the checks and their common parts.

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cupel/internal/launch"
	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/internal/sandbox"
	"cupel/internal/suite"
	"cupel/model"
)

// Status is the outcome of a check.
type Status string

const (
	// Pass and Fail mean that the check holds or does not hold.
	Pass Status = "pass"
	Fail Status = "fail"
	// Skip is a check that the contender's own statements rule out, for example because
	// it declines the model.
	Skip Status = "skip"
)

// Finding is the outcome of one check.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Log is the end of what the contender wrote to stderr, where the check ended the
	// contender.
	Log []string `json:"log,omitempty"`
}

// Config says what to check.
type Config struct {
	Command []string
	Dir     string
	// Scratch is a directory for models and inputs.
	Scratch string
	Limits  suite.Limits
	// Sandbox confines the contender. nil means unconfined.
	Sandbox *sandbox.Sandbox
	// Report receives each finding as it is made.
	Report func(Finding)
}

// Run makes all checks. Every fault of the contender is a finding. An error is a fault
// of the machine, or ctx's.
func Run(ctx context.Context, config Config) ([]Finding, error) {
	c := &checker{config: config, random: rand.New(rand.NewChaCha8([32]byte{'c', 'u', 'p', 'e', 'l'}))}
	err := c.run(ctx)
	return c.findings, err
}

// errSkip is the error of a check that does not apply. The wrapping error gives the
// reason.
var errSkip = errors.New("not applicable")

func skip(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errSkip, fmt.Sprintf(format, args...))
}

// checker makes the checks one after the other.
type checker struct {
	config   Config
	random   *rand.Rand
	findings []Finding
	files    int

	hello protocol.Hello
	// process is the launch that most checks share. It is started again after a check
	// that broke it.
	process *launch.Launch
	loaded  *loaded
}

// loaded is the model that the contender holds.
type loaded struct {
	model     *model.Model
	reference *reference.Reference
}

func (c *checker) run(ctx context.Context) error {
	defer c.end()
	if !c.check(ctx, "answers hello", c.answersHello) {
		return ctx.Err()
	}
	c.check(ctx, "ignores unknown fields", c.ignoresUnknownFields)
	any := false
	for i, architecture := range architectures {
		held := c.checkModel(ctx, architecture)
		if held && i < suiteShapes {
			c.checkProbes(ctx, architecture)
		}
		any = any || held
	}
	if !any && ctx.Err() == nil {
		c.record("holds a model", fmt.Errorf("it holds none of the models that were offered"), nil)
	}
	c.checkTraining(ctx)
	for _, ending := range endings {
		c.check(ctx, ending.name, func(ctx context.Context) error { return ending.check(c, ctx) })
		c.end()
	}
	return ctx.Err()
}

// architectures are the shapes of the built-in suites, two odd shapes, and two with one
// output, the log-odds of class 1.
var architectures = []model.Architecture{
	{Kind: model.LogisticRegression, Layers: []int{784, 2}},
	{Kind: model.LogisticRegression, Layers: []int{784, 10}},
	{Kind: model.MLP, Layers: []int{784, 128, 10}, Activation: "relu"},
	{Kind: model.LogisticRegression, Layers: []int{19, 2}},
	{Kind: model.MLP, Layers: []int{33, 7, 5, 3}, Activation: "relu"},
	{Kind: model.LogisticRegression, Layers: []int{23, 1}},
	{Kind: model.MLP, Layers: []int{21, 6, 1}, Activation: "relu"},
}

// suiteShapes is how many of them are shapes of the built-in suites.
const suiteShapes = 3

func describe(a model.Architecture) string {
	text := string(a.Kind)
	for i, size := range a.Layers {
		if i == 0 {
			text += fmt.Sprintf(" %d", size)
		} else {
			text += fmt.Sprintf("->%d", size)
		}
	}
	return text
}

// checkModel makes the checks of one model and reports whether the contender could hold
// it.
func (c *checker) checkModel(ctx context.Context, architecture model.Architecture) bool {
	name := describe(architecture)
	held := false
	c.check(ctx, name+": loads", func(ctx context.Context) error {
		err := c.load(ctx, architecture)
		held = err == nil
		return err
	})
	if !held {
		return false
	}
	for _, step := range inferences {
		c.check(ctx, name+": "+step.name, func(ctx context.Context) error {
			if c.loaded == nil {
				if err := c.load(ctx, architecture); err != nil {
					return err
				}
			}
			return step.check(c, ctx)
		})
	}
	return true
}

// checkProbes makes the checks of further models, which a run loads after its rounds,
// and of the first model again. A contender may decline the further ones and must then
// go on.
func (c *checker) checkProbes(ctx context.Context, architecture model.Architecture) {
	times, heavy := slices.Max(suite.DefaultProbes.Widths), suite.DefaultProbes.HeavyTimes
	for _, probe := range []struct {
		name         string
		architecture model.Architecture
		held         bool
	}{
		{fmt.Sprintf("%d times the inputs", times), scaled(architecture, 0, times), false},
		{fmt.Sprintf("%d times the arithmetic", heavy), scaled(architecture, 1, heavy), false},
		{"its own model again", architecture, true},
	} {
		c.check(ctx, describe(architecture)+": "+probe.name, func(ctx context.Context) error {
			err := c.load(ctx, probe.architecture)
			if errors.Is(err, errSkip) && probe.held {
				return fmt.Errorf("it held this model before: %v", err)
			}
			if err != nil {
				return err
			}
			dim := probe.architecture.Inputs()
			return c.infer(ctx, protocol.InferRequest{
				Rows: 97, Dim: dim, Hop: 1, Batch: 1, First: pointer(17), Step: pointer(977), Warmup: 2, Calls: 40, Want: true,
			})
		})
	}
}

// scaled is an architecture in which one layer has the given multiple of its units.
func scaled(architecture model.Architecture, layer, times int) model.Architecture {
	architecture.Layers = slices.Clone(architecture.Layers)
	architecture.Layers[layer] *= times
	return architecture
}

// check makes one check and reports whether it passed.
func (c *checker) check(ctx context.Context, name string, check func(context.Context) error) bool {
	if ctx.Err() != nil {
		return false
	}
	if c.process == nil {
		process, err := c.start()
		if err != nil {
			c.record(name, err, nil)
			return false
		}
		c.process, c.loaded = process, nil
	}
	err := check(ctx)
	if ctx.Err() != nil {
		return false
	}
	var log []string
	if failure := new(launch.Failure); errors.As(err, &failure) {
		log = c.end()
	}
	c.record(name, err, log)
	return err == nil
}

// start starts the contender in the sandbox.
func (c *checker) start() (*launch.Launch, error) {
	own := filepath.Join(c.config.Scratch, "own")
	if err := os.MkdirAll(own, 0o700); err != nil {
		return nil, fmt.Errorf("scratch directory: %w", err)
	}
	confined, err := c.config.Sandbox.Confine(sandbox.Policy{
		Scratch: own, Readable: []string{c.config.Scratch, c.config.Dir},
	}, c.config.Command)
	if err != nil {
		return nil, err
	}
	return launch.Start(launch.Spec{
		Contender: "contender", Command: confined.Command, Dir: c.config.Dir, Env: confined.Env,
		Attributes: confined.Attributes, Threads: 1, Limits: c.config.Limits,
	})
}

// end ends the current launch and returns the end of its log.
func (c *checker) end() (log []string) {
	if c.process != nil {
		c.process.End()
		log = c.process.LogTail()
	}
	c.process, c.loaded = nil, nil
	return log
}

func (c *checker) record(name string, err error, log []string) {
	finding := Finding{Check: name, Status: Pass, Log: log}
	if errors.Is(err, errSkip) {
		finding.Status, finding.Detail = Skip, strings.TrimPrefix(err.Error(), errSkip.Error()+": ")
	} else if failure := new(launch.Failure); errors.As(err, &failure) {
		finding.Status, finding.Detail = Fail, failure.Reason
	} else if err != nil {
		finding.Status, finding.Detail = Fail, err.Error()
	}
	c.findings = append(c.findings, finding)
	c.config.Report(finding)
}

// load gives the contender a model of this shape with drawn weights.
func (c *checker) load(ctx context.Context, architecture model.Architecture) error {
	m, err := c.drawModel(architecture)
	if err != nil {
		return err
	}
	format, path, err := c.write(m)
	if err != nil {
		return err
	}
	c.loaded = nil
	reply, err := c.process.Load(ctx, protocol.LoadRequest{Format: format, Path: path, Architecture: architecture, Threads: 1})
	if refusal := new(protocol.RefusalError); errors.As(err, &refusal) {
		return skip("it declines the model: %s", refusal.Why)
	}
	if err != nil {
		return err
	}
	c.loaded = &loaded{m, reference.New(m)}
	if reply.Parameters < 1 {
		return fmt.Errorf("parameters is %d", reply.Parameters)
	}
	return nil
}

// drawModel draws weights that make every class likely.
func (c *checker) drawModel(architecture model.Architecture) (*model.Model, error) {
	var layers []model.Layer
	for i := 1; i < len(architecture.Layers); i++ {
		in, out := architecture.Layers[i-1], architecture.Layers[i]
		layer := model.Layer{In: in, Out: out, Weight: make([]float32, in*out), Bias: make([]float32, out)}
		scale := math.Sqrt(3 / float64(in))
		for j := range layer.Weight {
			layer.Weight[j] = float32(scale * c.random.NormFloat64())
		}
		for j := range layer.Bias {
			layer.Bias[j] = float32(0.1 * c.random.NormFloat64())
		}
		layers = append(layers, layer)
	}
	return model.New(architecture, layers)
}

// write writes the model in the first of the contender's formats that can hold it.
func (c *checker) write(m *model.Model) (format, path string, err error) {
	var why error
	for _, format := range c.hello.Formats {
		encode, known := protocol.ModelEncoders[format]
		if !known {
			continue
		}
		text, err := encode(m)
		if err != nil {
			why = err
			continue
		}
		path := c.file(format)
		return format, path, os.WriteFile(path, text, 0o644)
	}
	if why != nil {
		return "", "", skip("%v", why)
	}
	return "", "", fmt.Errorf("formats is %q, and cupel writes none of these", c.hello.Formats)
}

func (c *checker) file(extension string) string {
	c.files++
	return filepath.Join(c.config.Scratch, fmt.Sprintf("%d.%s", c.files, extension))
}

// drawInputs draws values for a request and writes them to path.
func (c *checker) drawInputs(path string, floats int) ([]float32, error) {
	values := make([]float32, floats)
	for i := range values {
		values[i] = 2*c.random.Float32() - 1
	}
	return values, writeInputs(path, values)
}

func writeInputs(path string, values []float32) error {
	if err := os.WriteFile(path, protocol.EncodeInputs(values), 0o644); err != nil {
		return fmt.Errorf("inputs: %w", err)
	}
	return nil
}
