package verify

// This file holds the records as far as they bear on figures, and checks all JSON
// against the published schemas.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	// encoding/json takes the last of two members of one name and does not tell. A bundle
	// where another program reads the first one must not pass, and the fault has its byte.
	"github.com/go-json-experiment/json/jsontext"

	"cupel/docs/schemas"
)

type records struct {
	plan         plan
	environment  environment
	ledger       []ledgerRow
	observations map[int]observation
	blocks       []block
	statements   map[string]spoken
}

type plan struct {
	Suite          string   `json:"suite"`
	SuiteSHA256    string   `json:"suite_sha256"`
	SuiteFile      string   `json:"suite_file"`
	NonceSHA256    string   `json:"nonce_sha256"`
	Only           []string `json:"only"`
	BudgetGiven    bool     `json:"budget_given"`
	PrecisionGiven bool     `json:"precision_given"`
	Dataset        string   `json:"dataset"`
	Seed           uint64   `json:"seed"`
	Batch          int      `json:"batch"`
	Threads        int      `json:"threads"`
	Model          struct {
		Kind   string `json:"kind"`
		Layers []int  `json:"layers"`
	} `json:"model"`
	Precision  float64  `json:"precision"`
	Tolerance  float64  `json:"tolerance"`
	Contenders []string `json:"contenders"`
	Own        []string `json:"own_commands"`
	Claims     []struct {
		Faster string `json:"faster"`
		Than   string `json:"than"`
	} `json:"claims"`
	Launches int         `json:"launches"`
	Classic  classicPlan `json:"classic"`
	Paired   pairedPlan  `json:"paired"`
	Probes   probesPlan  `json:"probes"`
	// Cells are there where the suite has several.
	Cells []cellPlan `json:"cells"`
	// Train is there where the workload is fit.
	Train     *trainPlan        `json:"train"`
	Control   []string          `json:"control"`
	Canonical map[string]string `json:"canonical"`
	Engines   []engine          `json:"engines"`
	Budget    string            `json:"budget"`
	Rules     []string          `json:"rules"`
	// Thresholds are missing in plans of earlier versions; limits tells theirs.
	Thresholds *thresholds `json:"thresholds"`
}

type trainPlan struct {
	Rows         int     `json:"rows"`
	Epochs       int     `json:"epochs"`
	Batch        int     `json:"batch"`
	LongEpochs   int     `json:"long_epochs"`
	LearningRate float64 `json:"learning_rate"`
}

type classicPlan struct {
	Warmup     int `json:"warmup"`
	Iterations int `json:"iterations"`
}

type pairedPlan struct {
	Rounds        int    `json:"rounds"`
	LongEvery     int    `json:"long_every"`
	PositiveCalls int    `json:"positive_calls"`
	StallFor      string `json:"stall_for"`
	Quiet         struct {
		Within     float64 `json:"within"`
		LeastShort int     `json:"least_short"`
		LeastLong  int     `json:"least_long"`
	} `json:"quiet"`
}

type probesPlan struct {
	Widths []int `json:"widths"`
}

type cellPlan struct {
	Name    string      `json:"name"`
	Batch   int         `json:"batch"`
	Threads int         `json:"threads"`
	Classic classicPlan `json:"classic"`
	Paired  pairedPlan  `json:"paired"`
	Probes  probesPlan  `json:"probes"`
}

// parameters is how many numbers the model has.
func (p plan) parameters() int {
	total := 0
	for i := 1; i < len(p.Model.Layers); i++ {
		total += (p.Model.Layers[i-1] + 1) * p.Model.Layers[i]
	}
	return total
}

type ledgerRow struct {
	Sequence     int               `json:"sequence"`
	Previous     string            `json:"previous"`
	Event        string            `json:"event"`
	Contender    string            `json:"contender"`
	Cell         string            `json:"cell"`
	Role         string            `json:"role"`
	Launch       int               `json:"launch"`
	Replicate    int               `json:"replicate"`
	Preview      bool              `json:"preview"`
	Outcome      string            `json:"outcome"`
	Reason       string            `json:"reason"`
	Remedy       string            `json:"remedy"`
	Nonce        string            `json:"nonce"`
	SHA256       map[string]string `json:"sha256"`
	Disturbances []string          `json:"disturbances"`
	TrainingRows int               `json:"training_rows"`
	Accuracy     *float64          `json:"accuracy"`
	Steady       *struct {
		Course string `json:"course"`
	} `json:"steady"`
}

type environment struct {
	Time         time.Time `json:"time"`
	Platform     string    `json:"platform"`
	Distribution string    `json:"distribution"`
	CPU          string    `json:"cpu"`
	Cores        int       `json:"cores"`
	MemoryBytes  float64   `json:"memory_bytes"`
	Hypervisor   string    `json:"hypervisor"`
	Cupel        string    `json:"cupel_version"`
	Confinement  string    `json:"confinement"`
	Layers       []struct {
		Name   string `json:"name"`
		State  string `json:"state"`
		Detail string `json:"detail"`
	} `json:"confinement_layers"`
	Placement   placement            `json:"placement"`
	Cells       map[string]placement `json:"cell_placements"`
	Calibration struct {
		Clock  float64 `json:"clock_ns"`
		Step   float64 `json:"clock_step_ns"`
		Pipe   float64 `json:"pipe_round_trip_ns"`
		Canary float64 `json:"canary_ns"`
		Memory struct {
			Fastest float64 `json:"fastest_bytes_per_second"`
		} `json:"memory"`
	} `json:"calibration"`
}

// placement is which CPUs harness and contenders had.
type placement struct {
	Harness   []int  `json:"harness"`
	Contender []int  `json:"contender"`
	Reason    string `json:"reason"`
}

type observation struct {
	Kind         string  `json:"kind"`
	Launch       int     `json:"launch"`
	FirstAnswer  float64 `json:"first_answer_ns"`
	UserCPU      float64 `json:"user_cpu_ns"`
	SystemCPU    float64 `json:"system_cpu_ns"`
	PeakResident float64 `json:"peak_resident_bytes"`
	Idle         float64 `json:"idle_ns"`
	IdleCPU      float64 `json:"idle_cpu_ns"`
	Stolen       float64 `json:"stolen_share"`
	Pressure     float64 `json:"pressure_share"`
	Transfer     float64 `json:"transfer_ns_per_call"`
}

type spoken struct {
	Contender string `json:"contender"`
	Hello     struct {
		Name      string `json:"name"`
		Version   string `json:"version"`
		Runtime   string `json:"runtime"`
		Device    string `json:"device"`
		Precision string `json:"precision"`
	} `json:"hello"`
	Build      string  `json:"build"`
	Installed  float64 `json:"installed_bytes"`
	Format     string  `json:"format"`
	Parameters int64   `json:"parameters"`
}

// documents are the schemas of the JSON files of a bundle, by pattern. A test holds them
// against the table of the package that writes bundles, which this one must not import.
var documents = []struct{ pattern, schema string }{
	{planFile, schemas.Plan},
	{environmentFile, schemas.Environment},
	{ledgerFile, schemas.Ledger},
	{observationsFile, schemas.Observations},
	{runLogFile, schemas.RunLog},
	{manifestFile, schemas.Manifest},
	{sealFile, schemas.Seal},
	{harnessFile, schemas.Harness},
	{"contenders/*/statement.json", schemas.Statement},
	{"contenders/*/packages.json", schemas.Packages},
	{"contenders/*/build.json", schemas.Build},
	{auditFile, schemas.Audit},
	{resultsManifestFile, schemas.Manifest},
	{summaryFile, schemas.ComparisonSummary},
	{resultsDir + "/*" + resultSuffix, schemas.Result},
}

// alwaysRead are the files that are validated whether the manifest lists them or not, or
// line by line, or with the seal.
var alwaysRead = map[string]bool{
	planFile: true, environmentFile: true, ledgerFile: true, observationsFile: true, runLogFile: true, manifestFile: true, sealFile: true,
}

// schemaOf is the schema of a file of a bundle, empty for what is no JSON.
func schemaOf(name string) string {
	for _, one := range documents {
		if matched, _ := path.Match(one.pattern, name); matched { // The patterns are well formed.
			return one.schema
		}
	}
	return ""
}

// valid checks a JSON text against a schema, and that no object has two members of one
// name: of these one reader takes the first and another the last.
func valid(schema string, text []byte) error {
	if err := unambiguous(text); err != nil {
		return err
	}
	return schemas.Validate(schema, text)
}

// placed is an error whose place within its file is known.
type placed struct{ where, text string }

func (e *placed) Error() string { return e.where + ": " + e.text }

// invalid is a fault of a JSON text that is none, or has not its shape.
func (v *verification) invalid(file string, err error) {
	where, text := "", err.Error()
	syntactic, shape, known := new(jsontext.SyntacticError), new(schemas.Invalid), new(placed)
	switch {
	case errors.As(err, &known):
		where, text = known.where, known.text
	case errors.As(err, &syntactic):
		where = fmt.Sprintf("byte %d", syntactic.ByteOffset)
	case errors.As(err, &shape):
		where, text = shape.Field, shape.Text
	}
	v.fault(file, where, "%s", text)
}

func unambiguous(text []byte) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		_, err := decoder.ReadToken()
		switch syntactic := new(jsontext.SyntacticError); {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntactic):
			return &placed{fmt.Sprintf("byte %d", syntactic.ByteOffset), fmt.Sprintf("%s is there twice", syntactic.JSONPointer)}
		case err != nil:
			return err
		}
	}
}

// checkSchemas validates every JSON text of the bundle, and reads the records.
func (v *verification) checkSchemas() {
	v.records.observations, v.records.statements = map[int]observation{}, map[string]spoken{}
	v.document(manifestFile, schemas.Manifest, nil)
	v.document(planFile, schemas.Plan, &v.records.plan)
	v.document(environmentFile, schemas.Environment, &v.records.environment)
	v.lines(ledgerFile, func(number int, line []byte) {
		if err := valid(schemas.Ledger, line); err != nil {
			v.fault(ledgerFile, fmt.Sprintf("line %d", number), "%v", err)
		}
	})
	v.lines(observationsFile, func(number int, line []byte) {
		where := fmt.Sprintf("line %d", number)
		if err := valid(schemas.Observations, line); err != nil {
			v.fault(observationsFile, where, "%v", err)
			return
		}
		var row observation
		if err := json.Unmarshal(line, &row); err != nil {
			v.fault(observationsFile, where, "%v", err)
		} else if row.Kind == "launch" {
			v.records.observations[row.Launch] = row
		} else if row.Kind == "block" {
			var account block
			if err := json.Unmarshal(line, &account); err != nil {
				v.fault(observationsFile, where, "%v", err)
			}
			v.records.blocks = append(v.records.blocks, account)
		}
	})
	if _, there := v.digests[runLogFile]; there {
		v.lines(runLogFile, func(number int, line []byte) {
			if err := valid(schemas.RunLog, line); err != nil {
				v.fault(runLogFile, fmt.Sprintf("line %d", number), "%v", err)
			}
		})
	}
	for name := range v.digests {
		schema := schemaOf(name)
		switch {
		case schema == "" || alwaysRead[name]:
		case schema == schemas.Statement:
			var said spoken
			if v.document(name, schema, &said) {
				v.records.statements[path.Base(path.Dir(name))] = said
			}
		default:
			v.document(name, schema, nil)
		}
	}
}

// document validates a JSON file and reads it into a record, where there is one.
func (v *verification) document(name, schema string, into any) bool {
	text, err := v.read(name)
	if err != nil {
		v.unreadable(name, err)
		return false
	}
	if v.unsound[name] {
		return false
	}
	if err := valid(schema, text); err != nil {
		v.invalid(name, err)
		return false
	}
	if into == nil {
		return true
	}
	if err := json.Unmarshal(text, into); err != nil {
		v.fault(name, offset(err), "%v", err)
		return false
	}
	return true
}
