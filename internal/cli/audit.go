package cli

// This file holds `cupel audit`.

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cupel/internal/audit"
	"cupel/internal/audit/export"
	"cupel/internal/audit/judge"
	"cupel/internal/audit/published/publication"
	"cupel/internal/evidence"
	"cupel/internal/report"
	"cupel/internal/version"
)

func auditCommand(stdout io.Writer) *cobra.Command {
	var options auditOptions
	command := &cobra.Command{
		Use:   "audit BUNDLE | FILE...",
		Short: "Judge a bundle by the 100 points, or published results by arithmetic",
		Long: `Judge a claim. For a bundle, the audit checks all 100 points of the checklist and
the forensic rules. It needs only the bundle. For published files, it checks the
arithmetic: whether one sample can give all figures, which points the figures
decide, and what is missing. FILE is Markdown with tables, JSON results in the
published benchmark's format, or an export of hyperfine or pyperf. Several files are
read as one publication. The results folder of a bundle is read like other files.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if options.asJSON && command.Flags().Changed("format") && options.format != "json" {
				return exit(ExitUsage, fmt.Errorf("--json and --format %s ask for different formats", options.format))
			}
			if _, err := export.For(options.format); err != nil {
				return exit(ExitUsage, fmt.Errorf("--format %w", err))
			}
			if len(args) == 1 && isBundle(args[0]) {
				return auditBundle(args[0], options, stdout)
			}
			if at := slices.IndexFunc(args, isBundle); at >= 0 {
				return exit(ExitUsage, fmt.Errorf("%s is a bundle, and an audit takes one bundle; give more bundles of its plan by --with, or put bundles side by side by `cupel compare`", args[at]))
			}
			if len(options.with) > 0 {
				return exit(ExitUsage, errors.New("--with needs a bundle, which is a directory with "+evidence.PlanFile))
			}
			if options.cell != "" {
				return exit(ExitUsage, errors.New("--cell needs a bundle, which is a directory with "+evidence.PlanFile))
			}
			files, err := resultFiles(args)
			if err != nil {
				return exit(ExitUsage, err)
			}
			return auditFiles(files, options, stdout)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.claim, "claim", "", "claim to judge, as A/B (default: the suite's first claim, or the first comparison)")
	flags.StringVar(&options.cell, "cell", "", "cell to judge, in a bundle with several cells (default: the first)")
	flags.StringArrayVar(&options.with, "with", nil, "another bundle of the same plan, for points about several runs or machines; can be given several times")
	flags.BoolVar(&options.asJSON, "json", false, "print JSON, as --format json does")
	flags.StringVar(&options.format, "format", export.Formats()[0], "output format: "+strings.Join(export.Formats(), ", "))
	flags.BoolVar(&options.all, "all", false, "show all points in full: kind of evidence, judgement, figures, and what to do so that a point passes")
	return command
}

// auditOptions are the flags of `cupel audit`.
type auditOptions struct {
	claim, cell string
	with        []string
	asJSON, all bool
	format      string
}

// isBundle reports whether a path is a bundle's directory.
func isBundle(path string) bool {
	info, err := os.Stat(filepath.Join(path, evidence.PlanFile))
	return err == nil && info.Mode().IsRegular()
}

func auditBundle(dir string, options auditOptions, stdout io.Writer) error {
	opened, err := audit.Open(dir, audit.Options{Claim: options.claim, Cell: options.cell, With: options.with, Parse: parseCommand})
	if err != nil {
		return exit(ExitUsage, err)
	}
	return showAudit(judge.Bundle(opened), options, stdout)
}

// parseCommand returns an error if this program does not have a command with these
// flags. The arguments are without the program's name. Nothing is run.
func parseCommand(arguments []string) error {
	root := rootCommand(strings.NewReader(""), io.Discard, io.Discard)
	command, rest, err := root.Find(arguments)
	if err != nil {
		return err
	}
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	return command.ValidateArgs(command.Flags().Args())
}

func showAudit(result *audit.Report, options auditOptions, stdout io.Writer) error {
	format := options.format
	if options.asJSON {
		format = "json"
	}
	handler, err := export.For(format)
	if err != nil {
		return exit(ExitUsage, err)
	}
	if err := handler.Write(stdout, result, export.Options{Style: styleOf(stdout), Full: options.all, Version: version.Cupel()}); err != nil {
		return err
	}
	return verdictExit(result.Verdict)
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
		// The audit and the manifest describe results; they are not results.
		inside = slices.DeleteFunc(inside, func(file string) bool {
			return slices.Contains([]string{report.AuditFile, filepath.Base(evidence.ManifestFile)}, filepath.Base(file))
		})
		if len(inside) == 0 {
			return nil, fmt.Errorf("%s is a directory without %s; give files or a bundle", arg, evidence.ResultsDir)
		}
		slices.Sort(inside)
		files = append(files, inside...)
	}
	return files, nil
}

func auditFiles(files []string, options auditOptions, stdout io.Writer) error {
	read, err := publication.Read(files)
	if err != nil {
		return exit(ExitUsage, err)
	}
	result, err := judge.Publication(read, options.claim)
	if err != nil {
		return exit(ExitUsage, err)
	}
	return showAudit(result, options, stdout)
}

// verdictExit returns the error with a verdict's exit code, or nil for an accepted claim.
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
