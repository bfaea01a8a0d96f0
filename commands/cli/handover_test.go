package cli

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"
)

func TestUtilityArgs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		given, args []string
		want        []string
	}{
		{nil, nil, []string{"--"}},
		{nil, []string{"f.db", "-x"}, []string{"--", "f.db", "-x"}},
		{[]string{"--data-dir", "d e", "--bump-revision=7", "--mark-compacted"}, []string{"f.db"},
			[]string{"--bump-revision=7", "--data-dir=d e", "--mark-compacted=true", "--", "f.db"}},
		{[]string{"-w", "json", "--user", "u"}, nil, []string{"--write-out=json", "--"}},
	}
	for _, tt := range tests {
		fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
		fs.String("data-dir", "", "")
		fs.Int("bump-revision", 0, "")
		fs.Bool("mark-compacted", false, "")
		var flags []string
		fs.VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
		fs.StringP("write-out", "w", "", "")
		fs.String("user", "", "")
		if err := fs.Parse(tt.given); err != nil {
			t.Fatal(err)
		}
		if got := utilityArgs(fs, flags, tt.args); !slices.Equal(got, tt.want) {
			t.Errorf("%q %q: got %q, want %q", tt.given, tt.args, got, tt.want)
		}
	}
}
