package cli

// This file holds `cupel audit`.

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"cupel/internal/audit"
	"cupel/internal/evidence"
	"cupel/internal/published"
	"cupel/internal/report"
)

func auditCommand(stdout io.Writer) *cobra.Command {
	var claim string
	var asJSON, all bool
	command := &cobra.Command{
		Use:   "audit FILE...",
		Short: "Audit what somebody published: tables, result files, other tools' files",
		Long: `Audit published figures by arithmetic alone: can all of them come from one
sample, which of the 100 points do they decide, and what is missing. FILE is
Markdown with tables, JSON results in the published benchmark's shape, or what
hyperfine or pyperf export; several files are read as one publication. The
results folder of a bundle may be given as the bundle's directory.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := resultFiles(args)
			if err != nil {
				return exit(ExitUsage, err)
			}
			return auditFiles(files, claim, asJSON, all, stdout)
		},
	}
	flags := command.Flags()
	flags.StringVar(&claim, "claim", "", "the claim to judge, as A/B (default: the first comparison)")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	flags.BoolVar(&all, "all", false, "show the points that can't be judged too")
	return command
}

// resultFiles replaces a bundle's directory by the files of its results folder.
func resultFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() {
			files = append(files, arg)
			continue
		}
		var inside []string
		for _, pattern := range []string{"*.json", "*.md"} {
			found, err := filepath.Glob(filepath.Join(arg, evidence.ResultsDir, pattern))
			if err != nil {
				return nil, err
			}
			inside = append(inside, found...)
		}
		if len(inside) == 0 {
			return nil, fmt.Errorf("%s is a directory without %s; name files, or a bundle", arg, evidence.ResultsDir)
		}
		slices.Sort(inside)
		files = append(files, inside...)
	}
	return files, nil
}

func auditFiles(files []string, claim string, asJSON, all bool, stdout io.Writer) error {
	publication, err := published.Read(files)
	if err != nil {
		return exit(ExitUsage, err)
	}
	result, err := audit.Published(publication, claim)
	if err != nil {
		return exit(ExitUsage, err)
	}
	if asJSON {
		err = writeJSON(stdout, result)
	} else {
		err = report.WriteAudit(stdout, result, styleOf(stdout), all)
	}
	if err != nil {
		return err
	}
	return verdictExit(result.Verdict)
}

// verdictExit is the exit code that a verdict stands for.
func verdictExit(verdict audit.Verdict) error {
	switch verdict {
	case audit.Accepted:
		return nil
	case audit.Rejected:
		return &exitError{code: ExitNo, err: errors.New("rejected"), quiet: true}
	default:
		return &exitError{code: ExitNoAnswer, err: errors.New("undecided"), quiet: true}
	}
}
