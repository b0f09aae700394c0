package cli

// This file holds `cupel list`.

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cupel/engines"
	"cupel/internal/provision"
	"cupel/internal/suite"
)

// listing is what `cupel list --json` prints.
type listing struct {
	Suites  []listedSuite  `json:"suites"`
	Engines []listedEngine `json:"engines"`
}

type listedSuite struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Kind is "inference" or "fit". Cells are the names of the suite's cells, if it has
	// several.
	Kind  string   `json:"kind"`
	Cells []string `json:"cells,omitempty"`
}

type listedEngine struct {
	Name     string           `json:"name"`
	Language engines.Language `json:"language"`
	Ready    bool             `json:"ready"`
	Note     string           `json:"note,omitempty"`
}

func listCommand(stdout io.Writer) *cobra.Command {
	asJSON := false
	command := &cobra.Command{
		Use:   "list",
		Short: "Show the built-in suites and engines, and which are installed",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := list()
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(stdout, all)
			}
			return all.write(stdout)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

func list() (listing, error) {
	var all listing
	provisioner, err := provision.New()
	if err != nil {
		return all, err
	}
	for _, name := range suite.BuiltInNames() {
		s, err := suite.Load(name)
		if err != nil {
			return all, err
		}
		listed := listedSuite{Name: name, Title: s.Title, Kind: s.Workload.Kind}
		for _, cell := range s.Workload.Cells {
			if cell.Name != "" {
				listed.Cells = append(listed.Cells, cell.Name)
			}
		}
		all.Suites = append(all.Suites, listed)
	}
	for _, name := range engines.Names() {
		engine, _ := engines.Lookup(name)
		listed := listedEngine{Name: name, Language: engine.Language}
		_, err := provisioner.Find(engine)
		listed.Ready = err == nil
		if !listed.Ready {
			listed.Note = engine.Download
		}
		if lacking := provision.Lacks(engine); lacking != nil {
			listed.Note = lacking.Reason
		}
		all.Engines = append(all.Engines, listed)
	}
	return all, nil
}

func (l listing) write(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "suite\tcompares")
	for _, s := range l.Suites {
		fmt.Fprintf(columns, "%s\t%s\n", s.Name, s.Title)
	}
	fmt.Fprintln(columns, "\t")
	fmt.Fprintln(columns, "engine\tlanguage\tstate")
	for _, engine := range l.Engines {
		state := "ready"
		if !engine.Ready {
			state = "not installed"
			if engine.Note != "" {
				state += " (" + engine.Note + ")"
			}
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\n", engine.Name, engine.Language, state)
	}
	return columns.Flush()
}
