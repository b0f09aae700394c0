package stats

// This file tests the tails against figures of 50 digits, the correction and the printing.

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// TestStudentLogP pins values made with mpmath 1.4.1 at 60 digits, twice:
//
//	log(betainc(df/2, 1/2, 0, df/(df+t²), regularized=True))
//	-aξ - log(beta(a, 1/2)) + log(quad(exp(-a s)/sqrt(1-exp(-ξ-s)), [0, inf])), a = df/2, ξ = log1p(t²/df)
//
// The two agreed to 15 digits or more throughout, save that the first took
// too long for |t| > 2 beyond df = 1e12.
func TestStudentLogP(t *testing.T) {
	for _, c := range []struct{ t, df, want float64 }{
		{0.001, 3, -0.0007353753527269425829472244},
		{1e-8, 2, -7.071067836865475333027725e-9},
		{0.5, 0.1, -0.1204513374326324967271811},
		{1, 1, -0.6931471805599453094172321}, // ln 1/2
		{2, 0.5, -0.8085246090986680554349723},
		{1.5, 7.25, -1.738165341878790591449818},
		{1.7, 10, -2.120519019591356822359263}, // the two forms meet
		{1.8, 10, -2.282270409226268629832261}, // between these
		{3, 0.001, -0.005245253965981595459657853},
		{12.5, 2.5, -5.966036773826030453459477},
		{1e10, 1, -23.47743363522991170490944},
		{1e160, 4, -1471.862700046961182796816}, // t² overflows
		{30, 5, -14.07445635140306962656178},
		{40, 9998.3, -745.9322065760761153913864},       // p is subnormal
		{-469.0406, 10098.7, -15789.574709234013120521}, // the published t
		{1.96, 1e6, -2.995810924941534472458987},
		{5, 1e8, -14.37184952781526716104547},
		{0.3, 1e12, -0.2689556376088237471776744},
		{1.8, 1e12, -2.633026615814455978638046},
		{38.5, 1e12, -745.0021225598439945964432},
		{1000, 1e12, -500006.8835472982914061614},
		{2.5, 1e15, -4.388501096718732398400866},
		{50, 1e15, -1254.13821395729620619392},
		// df = +Inf: log(erfc(z/sqrt(2)))
		{0.1, math.Inf(1), -0.083007412170328016155642},
		{1, math.Inf(1), -1.147874464449318196353551},
		{5, math.Inf(1), -14.37185121342878042666647},
		{7, math.Inf(1), -26.69116031825112993321289},  // the two forms meet
		{7.1, math.Inf(1), -27.4098243442276136117579}, // between these
		{38.5, math.Inf(1), -745.002123109851136020193},
		{120, math.Inf(1), -7205.013352527819019067845},
	} {
		for _, x := range []float64{c.t, -c.t} {
			// Relative to p where p is near 1, to its logarithm in the tail.
			if got := StudentLogP(x, c.df); !(math.Abs(got-c.want) <= 5e-14*max(math.Abs(c.want), min(1, 1e3*math.Abs(c.want)))) {
				t.Errorf("StudentLogP(%v, %v) = %.17g, want %.17g (off by %.2g)", x, c.df, got, c.want, got-c.want)
			}
		}
	}
}

// TestStudentLogPForms compares the two forms with closed ones, over all
// sizes: df = 1 and 2 have p = 1 - 2 atan(t)/π and 1 - t/√(2+t²).
func TestStudentLogPForms(t *testing.T) {
	for x := 1e-6; x < 1e6; x *= 1.1 {
		cauchy := math.Log(2 * math.Atan(1/x) / math.Pi)
		two := math.Log(2 / (math.Sqrt(2+x*x) * (math.Sqrt(2+x*x) + x)))
		if got := StudentLogP(x, 1); math.Abs(got-cauchy) > 1e-14*max(1, -cauchy) {
			t.Errorf("StudentLogP(%v, 1) = %v, want %v", x, got, cauchy)
		}
		if got := StudentLogP(x, 2); math.Abs(got-two) > 1e-14*max(1, -two) {
			t.Errorf("StudentLogP(%v, 2) = %v, want %v", x, got, two)
		}
	}
}

// TestStudentLogPOrder walks across every switch of method: a larger t and,
// for the same t, a larger df have a smaller p.
func TestStudentLogPOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		df := math.Exp(-3 + 30*r.Float64())
		x := math.Exp(-3 + 8*r.Float64())
		p := StudentLogP(x, df)
		if !(p < 0) || math.IsInf(p, 0) {
			t.Fatalf("StudentLogP(%v, %v) = %v", x, df, p)
		}
		if next := StudentLogP(x*1.001, df); !(next < p) {
			t.Errorf("StudentLogP(%v, %v) = %v, and %v at a larger t", x, df, p, next)
		}
		if next := StudentLogP(x, df*1.01); !(next <= p+1e-13*math.Abs(p)+1e-14) {
			t.Errorf("StudentLogP(%v, %v) = %v, and %v at a larger df", x, df, p, next)
		}
	}
}

func TestStudentLogPEdges(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct{ t, df, want float64 }{
		{0, 5, 0}, {0, inf, 0}, {inf, 5, -inf}, {-inf, 5, -inf}, {inf, inf, -inf}, {1e200, inf, -inf},
		{nan, 5, nan}, {1, nan, nan}, {1, 0, nan}, {1, -1, nan},
	} {
		if got := StudentLogP(c.t, c.df); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("StudentLogP(%v, %v) = %v, want %v", c.t, c.df, got, c.want)
		}
	}
}

func TestPValueUnderflow(t *testing.T) {
	for _, c := range []struct {
		logP, p   float64
		underflow bool
	}{
		{0, 1, false},
		{math.Log(0.05), 0.05, false},
		{-708, math.Exp(-708), false},
		{-709, math.Exp(-709), true},
		{-15789.57, math.SmallestNonzeroFloat64, true},
	} {
		got := newPValue(c.logP)
		if got.P != c.p || got.Underflow != c.underflow || got.LogP != c.logP {
			t.Errorf("ln p = %v: %+v, want P %v, Underflow %v", c.logP, got, c.p, c.underflow)
		}
	}
	if got := newPValue(math.NaN()); !math.IsNaN(got.P) || got.Underflow {
		t.Errorf("ln p = NaN: %+v", got)
	}
}

func TestFormatP(t *testing.T) {
	for _, c := range []struct {
		logP float64
		want string
	}{
		{0, "1"},
		{math.Log(0.5), "0.5"},
		{math.Log(0.03123), "0.0312"},
		{math.Log(0.05), "0.05"},
		{math.Log(0.000123456), "0.000123"},
		{math.Log(0.0001) + 1e-12, "0.0001"},
		{math.Log(0.0000999), "1.0e-4"},
		{math.Log(0.0000994), "9.9e-5"},
		{math.Log(2.1e-17), "2.1e-17"},
		{math.Log(9.96e-17), "1.0e-16"},
		{math.Log(1.3) - 6860*math.Ln10, "1.3e-6860"},
		{-15789.574709234013, "4.7e-6858"}, // log10 p = -6857.3251
		{math.NaN(), "NaN"},
		{math.Inf(-1), "NaN"},
		{0.1, "NaN"},
	} {
		if got := FormatP(c.logP); got != c.want {
			t.Errorf("FormatP(%v) = %q, want %q", c.logP, got, c.want)
		}
	}
}

// TestFormatPNeverZero reads back what is printed, wherever float64 can.
func TestFormatPNeverZero(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 100_000 {
		logP := -math.Exp(-3 + 9.5*r.Float64()) // to about -665
		text := FormatP(logP)
		p, err := strconv.ParseFloat(text, 64)
		if err != nil || !(p > 0 && p <= 1) || math.Abs(math.Log(p)-logP) > 0.06 {
			t.Fatalf("FormatP(%v) = %q", logP, text)
		}
	}
}

func TestHolm(t *testing.T) {
	// R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.9), "holm")
	p := []float64{0.01, 0.04, 0.03, 0.005, 0.9}
	want := []float64{0.04, 0.09, 0.09, 0.025, 0.9}
	logP := make([]float64, len(p))
	for i := range p {
		logP[i] = math.Log(p[i])
	}
	before := slices.Clone(logP)
	for i, adjusted := range Holm(logP) {
		if math.Abs(math.Exp(adjusted)-want[i]) > 1e-14 {
			t.Errorf("p[%d] = %v is adjusted to %v, want %v", i, p[i], math.Exp(adjusted), want[i])
		}
	}
	if !slices.Equal(logP, before) {
		t.Error("Holm wrote to its argument")
	}
	if got := Holm([]float64{-15000, math.NaN(), -0.1}); got[0] != -15000+math.Log(3) || !math.IsNaN(got[1]) || got[2] != 0 {
		t.Errorf("with a NaN, the far tail and a p near 1: %v", got)
	}
	if got := Holm(nil); len(got) != 0 {
		t.Errorf("Holm(nil) = %v", got)
	}
}
