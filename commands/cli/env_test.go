package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func TestApplyEnv(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		args     []string
		env      []string
		want     map[string]string // of flags that are not at their default
		warnings string
	}{
		{name: "nothing set"},
		{name: "only variables", env: []string{"P_DIAL_TIMEOUT=3s", "P_ENDPOINTS=a,b", "P_DEBUG=true", "P_USER=u:p"},
			want: map[string]string{"dial-timeout": "3s", "endpoints": "[a,b]", "debug": "true", "user": "u:p"}},
		{name: "only flags", args: []string{"--dial-timeout=4s", "--debug"},
			want: map[string]string{"dial-timeout": "4s", "debug": "true"}},
		{name: "an empty variable is unset", env: []string{"P_DIAL_TIMEOUT=", "P_USER="}},
		{name: "the last setting counts", env: []string{"P_USER=a", "P_USER=b"}, want: map[string]string{"user": "b"}},
		{name: "another prefix", env: []string{"Q_USER=a", "USER=b", "p_user=c"}},
		{name: "what is no flag", env: []string{"P_API=3", "P_", "P"}},
		{name: "the flag wins", args: []string{"--user=a"}, env: []string{"P_USER=b"}, want: map[string]string{"user": "a"},
			warnings: "Warning: --user is given, so P_USER is ignored\n"},
		{name: "no warning where they agree", args: []string{"--user=a", "--endpoints=a,b"},
			env: []string{"P_USER=a", "P_ENDPOINTS=a,b"}, want: map[string]string{"user": "a", "endpoints": "[a,b]"}},
		{name: "one warning for each", args: []string{"--user=a", "--debug=false"}, env: []string{"P_USER=b", "P_DEBUG=true"},
			want:     map[string]string{"user": "a"},
			warnings: "Warning: --debug is given, so P_DEBUG is ignored\nWarning: --user is given, so P_USER is ignored\n"},
		{name: "a value that the flag can't take", env: []string{"P_DIAL_TIMEOUT=soon", "P_USER=a"}, want: map[string]string{"user": "a"},
			warnings: "Warning: P_DIAL_TIMEOUT is ignored: invalid argument \"soon\" for \"--dial-timeout\" flag: use a number with a unit, such as 500ms, 5s, 1m30s or 2h\n"},
		{name: "a list that the flag can't take", env: []string{`P_ENDPOINTS=a"b`},
			warnings: "Warning: P_ENDPOINTS is ignored: invalid argument \"a\\\"b\" for \"--endpoints\" flag: parse error on line 1, column 2: bare \" in non-quoted-field\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fs := pflag.NewFlagSet("p", pflag.ContinueOnError)
			fs.Duration("dial-timeout", time.Second, "")
			fs.StringSlice("endpoints", []string{"here"}, "")
			fs.Bool("debug", false, "")
			fs.String("user", "", "")
			if err := fs.Parse(tt.args); err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			Streams{Err: &stderr, Env: tt.env}.ApplyEnv("P", fs)
			fs.VisitAll(func(f *pflag.Flag) {
				want, ok := tt.want[f.Name]
				if !ok {
					want = f.DefValue
				}
				if got := f.Value.String(); got != want {
					t.Errorf("--%s is %q, want %q", f.Name, got, want)
				}
				// A variable counts as given: commands without a default limit
				// have one when ETCDCTL_COMMAND_TIMEOUT sets it.
				if ok && !f.Changed {
					t.Errorf("--%s does not count as given", f.Name)
				}
			})
			if got := stderr.String(); got != tt.warnings {
				t.Errorf("stderr %q, want %q", got, tt.warnings)
			}
		})
	}
}

func TestEnvName(t *testing.T) {
	t.Parallel()
	if got := EnvName("ETCDCTL", "insecure-skip-tls-verify"); got != "ETCDCTL_INSECURE_SKIP_TLS_VERIFY" {
		t.Errorf("got %s", got)
	}
}
