package evidence

// This file is the table of what a bundle holds. Whoever adds a file to the bundle adds a
// row here. Tests hold the rest against it: docs/EVIDENCE.md, the published schemas and
// what verify validates.

import (
	"reflect"

	"cupel/docs/schemas"
	"cupel/internal/suite"
)

// Content is a file of a bundle, or all files of a pattern.
type Content struct {
	// Path is a pattern of path.Match, relative to the bundle, with slashes. A last
	// element ** stands for everything below.
	Path string
	// Schema names the published schema of the file, or of each of its lines; empty for
	// what is no JSON.
	Schema string
	// Records are the types of the file, or of its lines. It is empty for what has no
	// schema, and for results, whose types are in the packages that make them.
	Records []reflect.Type
	// Derived says that the manifest and the seal are not over the file: it is made from
	// the rest, or stands for it.
	Derived bool
	// DroppedOnResume says that going on with a run removes the file.
	DroppedOnResume bool
	// BeforePlan says that a run may write it before its plan is in the ledger, and so
	// that it is removed where a run ended before that.
	BeforePlan bool
}

// Contents lists what a bundle holds. Of several rows that a path matches the first
// counts.
func Contents() []Content {
	return []Content{
		{Path: SuiteFile, BeforePlan: true},
		{Path: PlanFile, Schema: schemas.Plan, Records: types(suite.Plan{}), BeforePlan: true},
		{Path: LedgerFile, Schema: schemas.Ledger, Records: types(LedgerRow{}), BeforePlan: true},
		{Path: EnvironmentFile, Schema: schemas.Environment, Records: types(Environment{}), BeforePlan: true},
		{Path: ObservationsFile, Schema: schemas.Observations, BeforePlan: true,
			Records: types(Observation{}, Block{}, Machine{}, Inspection{}, Closure{}, Scores{}, HardRows{})},
		{Path: SamplesDir + "/*.parquet"},
		{Path: RequestsDir + "/*.parquet"},
		{Path: InputsDir + "/*.parquet"},
		{Path: ModelDir + "/model.*"},
		{Path: HarnessFile, Schema: schemas.Harness, Records: types(Harness{}), BeforePlan: true},
		{Path: RunLogFile, Schema: schemas.RunLog, Records: types(RunLogRow{})},
		{Path: ContendersDir + "/*/" + StatementFile, Schema: schemas.Statement, Records: types(Statement{})},
		{Path: ContendersDir + "/*/" + PackagesFile, Schema: schemas.Packages, Records: types(Packages{})},
		{Path: ContendersDir + "/*/" + BuildFile, Schema: schemas.Build, Records: types(Build{})},
		{Path: ContendersDir + "/*/" + StderrDir + "/*.log"},
		{Path: ContendersDir + "/**"},
		{Path: ManifestFile, Schema: schemas.Manifest, Records: types(Manifest{}), Derived: true, DroppedOnResume: true},
		{Path: SealFile, Schema: schemas.Seal, Records: types(Envelope{}), Derived: true, DroppedOnResume: true},
		{Path: ResultsDir + "/*_mnist_results.json", Schema: schemas.Result, Derived: true},
		{Path: ResultsDir + "/comparison_summary.json", Schema: schemas.ComparisonSummary, Derived: true},
		{Path: ResultsDir + "/BENCHMARK_RESULTS.md", Derived: true},
		{Path: ResultsDir + "/audit.json", Schema: schemas.Audit, Derived: true},
		{Path: ResultsManifestFile, Schema: schemas.Manifest, Records: types(Manifest{}), Derived: true},
	}
}

func types(records ...any) []reflect.Type {
	var found []reflect.Type
	for _, record := range records {
		found = append(found, reflect.TypeOf(record))
	}
	return found
}
