package need

import (
	"errors"
	"strings"
	"testing"
)

func TestRequireOrSkip(t *testing.T) {
	errMissing := errors.New("not found")
	for _, tc := range []struct {
		name, ci       string
		what           Thing
		err            error
		skipped, fails bool
	}{
		{"there", "true", Curl, nil, false, false},
		{"missing", "", Curl, errMissing, true, false},
		{"missing on CI", "true", Curl, errMissing, false, true},
		{"not installed by CI", "true", Trace, errMissing, true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("CI", tc.ci)
			var s Skips
			r := &recorder{TB: t}
			done := make(chan struct{})
			go func() { // which Skip and Fatal end
				defer close(done)
				defer func() { _ = recover() }()
				s.RequireOrSkip(r, tc.what, tc.err)
			}()
			<-done
			if r.skipped != tc.skipped || r.failed != tc.fails {
				t.Errorf("skipped %v, failed %v", r.skipped, r.failed)
			}
			var out strings.Builder
			s.Report(&out)
			if (out.Len() > 0) != tc.skipped {
				t.Errorf("reported %q", out.String())
			}
		})
	}
}

// recorder notes how a test ends.
type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Skipf(string, ...any)  { r.skipped = true; panic("skipped") }
func (r *recorder) Fatalf(string, ...any) { r.failed = true; panic("failed") }
