package points

// This file tests that scores are held against the model, where its weights can't be
// read off them.

import (
	"math/rand/v2"
	"slices"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/suite"
	"cupel/model"
)

// drawnNetwork is a network with drawn weights.
func drawnNetwork(t *testing.T, widths ...int) *model.Model {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 8))
	normal := func(n int) []float32 {
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(random.NormFloat64())
		}
		return values
	}
	var layers []model.Layer
	for i, outputs := range widths[1:] {
		layers = append(layers, model.Layer{In: widths[i], Out: outputs, Weight: normal(widths[i] * outputs), Bias: normal(outputs)})
	}
	network, err := model.New(model.Architecture{Kind: model.MLP, Layers: widths}, layers)
	if err != nil {
		t.Fatal(err)
	}
	return network
}

func TestScoresOfANetworkAreHeldAgainstFloat64(t *testing.T) {
	const nonce, rows, inputs = "drawn from", 8, 6
	network := drawnNetwork(t, inputs, 5, 3)
	var right []float32
	fixed := draw.Fixed(nonce, rows*inputs)
	for at := range rows {
		for _, score := range network.ScoresFloat64(fixed[inputs*at : inputs*(at+1)]) {
			right = append(right, float32(score))
		}
	}
	answered := func(scores []float32, rows int) *audit.Contender {
		launch := &audit.Launch{Number: 1, Scores: map[evidence.ProbeScores]*evidence.Scores{
			evidence.ScoresFirst: {Rows: rows, Outputs: 3, Scale: "logits", Float32: protocol.EncodeInputs(scores)},
		}}
		parameters := int64(network.Architecture.Parameters())
		return &audit.Contender{Launches: []*audit.Launch{launch}, Finished: []*audit.Launch{launch}, Statement: &evidence.Statement{Parameters: parameters}}
	}
	c := &audit.Case{Bundle: &evidence.Bundle{Ledger: []evidence.LedgerRow{{Event: evidence.EventNonce, Nonce: nonce}}}}
	c.Sessions = []evidence.Session{{Nonce: nonce}}
	c.Bundle.Plan.Model, c.Bundle.Plan.Probes = network.Architecture, suite.ProbesPlan{FixedRows: rows}
	other := slices.Clone(right)
	other[5] += 0.01
	silent := answered(right, rows)
	silent.Finished[0].Scores = nil
	for name, test := range map[string]struct {
		contender *audit.Contender
		status    audit.Status
	}{
		"the model's":         {answered(right, rows), audit.Pass},
		"another model's":     {answered(other, rows), audit.Fail},
		"of no rows":          {answered(nil, 0), audit.Fail},
		"of half of the rows": {answered(right[:len(right)/2], rows/2), audit.Fail},
		"none":                {silent, audit.Skip},
	} {
		if r := sameScores(c, test.contender, network); r.Status != test.status {
			t.Errorf("scores %s: %s, %s", name, r.Status, r.Detail)
		}
	}
	c.Sessions[0].Nonce = "another"
	if r := sameScores(c, answered(right, rows), network); r.Status != audit.Fail {
		t.Errorf("scores of other rows: %s, %s", r.Status, r.Detail)
	}
}
