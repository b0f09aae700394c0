package session

// This file fits the model, makes the preview, and measures.

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cupel/engines"
	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/report"
)

// measure fits, previews, gathers and measures. It returns the disturbances that it saw on
// the machine, also with an error.
func (o opened) measure(ctx context.Context) (disturbances []string, err error) {
	material, err := o.fit(ctx)
	if err != nil {
		return nil, err
	}
	run := measure.New(measure.Config{
		Plan: o.plan, Material: material, Bundle: o.bundle, Scratch: o.host.Scratch,
		Sandbox: o.host.Sandbox, Hidden: o.hidden(), Nonce: o.nonce, Elapsed: o.bundle.Elapsed(), Redact: o.redact,
		Origin: o.inventory.origin, Digests: o.inventory.digests,
		CPUs: o.host.Cores.Placement.Contender, HarnessCPUs: o.host.Cores.Placement.Harness, Placements: o.host.Cores.OfCells(o.plan.Cells),
	})
	err = o.measureBy(ctx, run, material)
	return run.Disturbances(), err
}

func (o opened) measureBy(ctx context.Context, run *measure.Run, material *measure.Material) error {
	if err := o.keepModel(material); err != nil {
		return err
	}
	if err := o.preview(ctx, run); err != nil {
		return err
	}
	ready, err := o.gather(ctx)
	if err != nil {
		return err
	}
	if o.history.resumed() {
		if err := run.Continue(o.history.bundle); err != nil {
			return err
		}
	}
	if len(ready.contenders) == 0 {
		return nil
	}
	shown := o.observer.Measuring(o.plan, len(ready.contenders))
	err = run.Measure(ctx, ready.contenders, ready.control, shown.Report)
	shown.End(err)
	return err
}

// hidden returns the directories that a contender must not see: the bundles of this and
// other runs, and the cache with other engines and the models of other runs.
func (o opened) hidden() []string {
	hidden := []string{o.bundle.Dir(), o.provisioner.Cache}
	if parent := filepath.Dir(o.bundle.Dir()); filepath.Base(parent) == RunsDir {
		hidden = append(hidden, parent)
	}
	return hidden
}

// fit returns what contenders are given: a fitted model with inputs, or training data.
func (o opened) fit(ctx context.Context) (*measure.Material, error) {
	s := o.config.Suite
	o.observer.Note(fmt.Sprintf("%s: %s", s.Name, s.Title))
	material, err := measure.Prepare(ctx, s.Workload, o.plan.Probes, o.nonce, o.provisioner.Cache, o.host.Scratch)
	if err != nil {
		return nil, err
	}
	o.observer.Note(material.Summary)
	fitted, err := o.history.sameModel(material.Digests)
	if err != nil {
		return nil, o.refused(err)
	}
	if fitted {
		return material, nil
	}
	row := evidence.LedgerRow{Time: time.Now(), Event: evidence.EventFitted, SHA256: material.Digests, TrainingRows: material.TrainingRows}
	if material.Variant != nil {
		row.Accuracy = &material.Accuracy
	}
	return material, o.bundle.Append(row)
}

// keepModel copies the suite's fitted model into the bundle.
func (o opened) keepModel(material *measure.Material) error {
	if material.Variant == nil {
		return nil // Contenders that train make their own.
	}
	for format, path := range material.Files {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("model file: %w", err)
		}
		if err := o.bundle.WriteFile(filepath.Join(evidence.ModelDir, "model."+format), text); err != nil {
			return err
		}
	}
	return nil
}

// preview makes the preview: one launch of each contender that needs no installing. It
// makes none in a resumed run or with fewer than two such contenders.
func (o opened) preview(ctx context.Context, run *measure.Run) error {
	if o.history.resumed() {
		return nil
	}
	var first []measure.Contender
	for _, c := range o.contenders() {
		if engine, ok := engines.Lookup(c.Name); c.BuiltIn() && ok && engine.Language == engines.Go {
			installed, err := o.provisioner.Find(engine)
			if err != nil {
				return err
			}
			first = append(first, o.startable(c.Name, installed))
		}
	}
	if len(first) < 2 {
		return nil
	}
	if err := run.Preview(ctx, first); err != nil {
		return err
	}
	bundle, err := evidence.Open(o.bundle.Dir())
	if err != nil {
		return err
	}
	results, err := report.DerivePreview(bundle)
	if err != nil {
		return err
	}
	return o.observer.Preview(results)
}
