package audit

// This file holds the forensic rules that need a bundle: they go past the
// checklist. The rules that work on published figures too are in rules.go.

// bundleRule is one rule. Its severity is fixed here and not chosen by what it
// finds.
type bundleRule struct {
	id       string
	severity Severity
	remedy   string
	// judge gives what the rule finds; of each finding it fills contender and message,
	// and a remedy where the rule's own does not fit.
	judge func(*Case) []Finding
}

// bundleRules are all of them.
var bundleRules = []bundleRule{}

// BundleRules lists the rules that need a bundle.
func BundleRules() []string {
	var ids []string
	for _, rule := range bundleRules {
		ids = append(ids, rule.id)
	}
	return ids
}
