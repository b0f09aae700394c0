package report

// This file says what a comparison leaves out: in the report's own words, and by ids
// that a program can look for.

import (
	"cmp"
	"slices"
	"strings"

	"cupel/internal/dataset"
)

func (m *markdown) limits() {
	m.heading(2, "Limits")
	if m.plan.Model.Outputs() == 2 {
		m.line("- Two classes only.")
	}
	if m.plan.Dataset == dataset.NameSynthetic {
		m.line("- Synthetic data.")
	}
	for _, cell := range m.results.parts() {
		page := m.ofCell(cell)
		m.line("- %s%d thread(s), %s, %s.", page.batchWords(), page.plan.Threads, cell.deviceWords(), m.results.words().Only)
	}
	m.line("- %s", m.results.words().SelfTimed)
	m.line("- The classic figures of different contenders were measured one after the other, so a change of the machine's speed between them shows as a difference.")
	for _, r := range m.results.parts() {
		for _, crossed := range r.crossings() {
			m.line("- %s.", crossed.text)
		}
	}
	m.platform()
	m.confinement()
	for _, note := range m.results.notes(m.results.Measured()) {
		m.line("- %s.", strings.TrimSuffix(note, "."))
	}
}

// parts are the results of each cell, or these where there is one.
func (r *Results) parts() []*Results {
	if len(r.Cells) > 0 {
		return r.Cells
	}
	return []*Results{r}
}

// devices lists what measured contenders compute on, by their own words, and whether a
// CPU is among them. Point 32 is where such words are held against open device files.
func (r *Results) devices() (others []string, cpu bool) {
	for _, c := range r.Measured() {
		switch device := c.Statement.Hello.Device; {
		case strings.EqualFold(device, deviceCPU):
			cpu = true
		case device != "" && !slices.Contains(others, device):
			others = append(others, device)
		}
	}
	slices.Sort(others)
	return others, cpu || len(others) == 0
}

// deviceCPU is what a contender on a CPU says of its device.
const deviceCPU = "cpu"

func (r *Results) deviceWords() string {
	others, cpu := r.devices()
	if cpu {
		others = slices.Insert(others, 0, "CPU")
	}
	return strings.Join(others, " and ")
}

// platform says what is missing where the machine's system is not Linux.
func (m *markdown) platform() {
	system, _, _ := strings.Cut(m.results.Bundle.Environment.Platform, "-")
	if system != linux {
		m.line("- The system is %s and not Linux: contenders were neither stopped while it was not their turn nor bound to cores nor confined, and checks that need the kernel's account of a process were not made.", cmp.Or(system, "unknown"))
	}
}

// linux is how a platform's name begins where contenders can be stopped, bound to
// cores, confined and accounted for.
const linux = "Linux"

// confinement says what contenders were kept from, and each means of it apart:
// a reader of another machine's results sees what was not there.
func (m *markdown) confinement() {
	environment := m.results.Bundle.Environment
	m.line("- Confinement: %s.", environment.Confinement)
	for _, layer := range environment.ConfinementLayers {
		m.line("  - %s: %s (%s).", layer.Name, layer.State, layer.Detail)
	}
}

// The ids of limits. Those about one contender are followed by a space and its name.
const (
	limitBatch      = "batch"
	limitThreads    = "threads"
	limitCPUOnly    = "cpu-only"
	limitTwoClasses = "two-classes"
	limitSynthetic  = "synthetic-data"
	limitNoSandbox  = "no-sandbox"
	limitWrong      = "wrong "
	limitMissing    = "missing "
	limitReduced    = "reduced "
	limitSteal      = "steal"
	// A device that is no CPU follows it.
	limitDevice = "device "
	// Those of a bound that was crossed have the point in them, and the contender or the
	// two after it.
	limitFast            = "override-83 "
	limitFarApart        = "override-86 "
	limitNearInterpreted = "override-87 "
)

// limits are the ids of what limits the comparison, sorted.
func (r *Results) limits() []string {
	plan := r.Bundle.Plan
	ids := []string{limitBatch, limitThreads, r.words().OnlyLimit}
	others, _ := r.devices()
	for _, device := range others {
		ids = append(ids, limitDevice+device)
	}
	if len(others) == 0 {
		ids = append(ids, limitCPUOnly)
	}
	if plan.Model.Outputs() == 2 {
		ids = append(ids, limitTwoClasses)
	}
	if plan.Dataset == dataset.NameSynthetic {
		ids = append(ids, limitSynthetic)
	}
	if strings.HasPrefix(r.Bundle.Environment.Confinement, "none") || r.Bundle.Environment.Confinement == "" {
		ids = append(ids, limitNoSandbox)
	}
	for _, c := range r.Contenders {
		switch {
		case c.Status == Wrong:
			ids = append(ids, limitWrong+c.Name)
		case c.Status != Measured:
			ids = append(ids, limitMissing+c.Name)
		case c.Statement.Parameters > 0 && c.Statement.Parameters < int64(plan.Model.Parameters()):
			ids = append(ids, limitReduced+c.Name)
		}
	}
	for _, crossed := range r.crossings() {
		ids = append(ids, crossed.id)
	}
	if r.stolen() > mostStolen {
		ids = append(ids, limitSteal)
	}
	slices.Sort(ids)
	return ids
}
