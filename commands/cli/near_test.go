package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestNearVariables(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		env  []string
		want string
	}{
		{"valid ones", []string{"P_ENDPOINTS=a", "P_API=3", "P_WATCH_KEY=k", "P_COMMAND_TIMEOUT=1s"}, ""},
		{"not ours", []string{"ENDPOINT=a", "Q_ENDPOINT=a", "P_VERSION=3.5", "P_PATH=/bin", "P_IMAGE=x", "P=1", "P_=1"}, ""},
		{"an older name", []string{"P_ENDPOINT=a"}, "Warning: P_ENDPOINT is ignored: did you mean P_ENDPOINTS?\n"},
		{"names of v2", []string{"P_CA_FILE=a", "P_CERT_FILE=b", "P_TIMEOUT=1s"}, "Warning: P_CA_FILE is ignored: did you mean P_CACERT?\n" +
			"Warning: P_CERT_FILE is ignored: did you mean P_CERT?\nWarning: P_TIMEOUT is ignored: did you mean P_COMMAND_TIMEOUT?\n"},
		{"a typo", []string{"P_ENDPIONTS=a", "P_COMAND_TIMEOUT=1s"}, "Warning: P_ENDPIONTS is ignored: did you mean P_ENDPOINTS?\n" +
			"Warning: P_COMAND_TIMEOUT is ignored: did you mean P_COMMAND_TIMEOUT?\n"},
		{"lower case", []string{"P_endpoints=a"}, "Warning: P_endpoints is ignored: did you mean P_ENDPOINTS?\n"},
		{"both, for several releases", []string{"P_CA_FILE=a", "P_CACERT=a"}, ""},
		{"both, but different", []string{"P_CA_FILE=a", "P_CACERT=b"}, "Warning: P_CA_FILE is ignored: did you mean P_CACERT?\n"},
		{"an empty one", []string{"P_ENDPOINT="}, ""},
		{"with the flag", []string{"P_CERT_FILE=a"}, "Warning: P_CERT_FILE is ignored: did you mean P_CERT?\n"},
	} {
		fs := pflag.NewFlagSet("p", pflag.ContinueOnError)
		for _, name := range []string{"endpoints", "cacert", "cert", "command-timeout", "key"} {
			fs.String(name, "", "")
		}
		var stderr bytes.Buffer
		Streams{Env: tt.env, Err: &stderr}.ApplyEnv("P", fs)
		if got := stderr.String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	fs := pflag.NewFlagSet("p", pflag.ContinueOnError)
	fs.String("cert", "", "")
	_ = fs.Parse([]string{"--cert", "a"})
	var stderr bytes.Buffer
	Streams{Env: []string{"P_CERT_FILE=a"}, Err: &stderr}.ApplyEnv("P", fs)
	if stderr.Len() > 0 {
		t.Errorf("the flag has the same value: %q", &stderr)
	}
}

func TestFlagErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ arg, want string }{
		{"--ca-file=x", "unknown flag: --ca-file\nDid you mean --cacert?\n"},
		{"--endpoint=x", "unknown flag: --endpoint\nDid you mean --endpoints?\n"},
		{"--output=x", "unknown flag: --output\nDid you mean --write-out?\n"},
		{"-o", "unknown shorthand flag: 'o' in -o\nDid you mean --write-out?\n"},
		{"-z", "unknown shorthand flag: 'z' in -z\n"},
		{"--end_points=x", "unknown flag: --end_points\nDid you mean --endpoints?\n"},
		{"--nothing-like-it", "unknown flag: --nothing-like-it\n"},
		{"--limit=ten", "invalid argument \"ten\" for \"--limit\" flag: use a whole number such as 10; did you mean 10?\n"},
		{"--limit=1,000", "invalid argument \"1,000\" for \"--limit\" flag: use a whole number such as 10; did you mean 1000?\n"},
		{"--limit=10k", "invalid argument \"10k\" for \"--limit\" flag: use a whole number such as 10; did you mean 10000?\n"},
		{"--limit=5.0", "invalid argument \"5.0\" for \"--limit\" flag: use a whole number such as 10; did you mean 5?\n"},
		{"--limit=5.5", "invalid argument \"5.5\" for \"--limit\" flag: use a whole number such as 10\n"},
		{"--limit=99999999999999999999", "invalid argument \"99999999999999999999\" for \"--limit\" flag: the number is too large\n"},
		{"--bump=-1", "invalid argument \"-1\" for \"--bump\" flag: use a whole number that is not negative, such as 10\n"},
		{"--wait=5", "invalid argument \"5\" for \"--wait\" flag: use a number with a unit, such as 500ms, 5s, 1m30s or 2h; did you mean 5s?\n"},
		{"--wait=5 sec", "invalid argument \"5 sec\" for \"--wait\" flag: use a number with a unit, such as 500ms, 5s, 1m30s or 2h; did you mean 5s?\n"},
		{"--wait=2d", "invalid argument \"2d\" for \"--wait\" flag: use a number with a unit, such as 500ms, 5s, 1m30s or 2h; did you mean 48h?\n"},
		{"--wait=soon", "invalid argument \"soon\" for \"--wait\" flag: use a number with a unit, such as 500ms, 5s, 1m30s or 2h\n"},
		{"--sure=yes", "invalid argument \"yes\" for \"--sure\" flag: use true or false; did you mean true?\n"},
		{"--sure=perhaps", "invalid argument \"perhaps\" for \"--sure\" flag: use true or false\n"},
	} {
		run := &cobra.Command{Use: "p", RunE: func(*cobra.Command, []string) error { return nil }, SilenceErrors: true, SilenceUsage: true}
		fs := run.Flags()
		for _, name := range []string{"endpoints", "cacert", "write-out"} {
			fs.String(name, "", "")
		}
		fs.Int64("limit", 0, "")
		fs.Uint64("bump", 0, "")
		fs.Duration("wait", 0, "")
		fs.Bool("sure", false, "")
		run.SetFlagErrorFunc(flagError)
		run.SetArgs([]string{tt.arg})
		if err := run.Execute(); err == nil || err.Error() != tt.want+"Run 'p --help' for usage." {
			t.Errorf("%s: %v\nwant %s", tt.arg, err, tt.want)
		}
	}
}

// knownFailure is an error that knows more than its words.
type knownFailure struct{ error }

func (knownFailure) Endpoint() string { return "h:1" }
func (knownFailure) Cause() string    { return "connection refused" }
func (knownFailure) Hint() string     { return "is a server running?" }

func TestErrorsJSON(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom <&>")
	for _, tt := range []struct {
		name string
		args []string
		env  []string
		err  error
		code Code
		want string // stderr
	}{
		{"text", []string{"run", "--errors", "text"}, nil, boom, Failure, "Error: boom <&>\n"},
		{"json", []string{"run", "--errors", "json"}, nil, Exit(IO, boom), IO, `{"error":"boom <&>","code":6,"endpoint":"","cause":"","hint":""}` + "\n"},
		{"a variable", []string{"run"}, []string{"P_ERRORS=json"}, boom, Failure, `{"error":"boom <&>","code":1,"endpoint":"","cause":"","hint":""}` + "\n"},
		{"the flag wins", []string{"run", "--errors=text"}, []string{"P_ERRORS=json"}, boom, Failure,
			"Warning: --errors is given, so P_ERRORS is ignored\nError: boom <&>\n"},
		{"known", []string{"--errors=json", "run"}, nil, Exit(BadConnection, knownFailure{boom}), BadConnection,
			`{"error":"boom <&>","code":2,"endpoint":"h:1","cause":"connection refused","hint":"is a server running?"}` + "\n"},
		{"printed already", []string{"run", "--errors=json"}, nil, Reported(7, boom), 7, `{"error":"boom <&>","code":7,"endpoint":"","cause":"","hint":""}` + "\n"},
		{"a wrong flag", []string{"run", "--cout", "--errors", "json"}, nil, nil, Failure,
			`{"error":"unknown flag: --cout","code":1,"endpoint":"","cause":"","hint":"Did you mean --count? Run 'prog run --help' for usage."}` + "\n"},
		{"no command", []string{"--errors", "json", "rum"}, nil, nil, Failure,
			`{"error":"unknown command \"rum\" for \"prog\"","code":1,"endpoint":"","cause":"","hint":"Did you mean run? Run 'prog --help' for usage."}` + "\n"},
		{"success", []string{"run", "--errors", "json"}, nil, nil, OK, ""},
		{"another value", []string{"run", "--errors", "xml"}, nil, boom, BadFeature, "Error: invalid argument \"xml\" for \"--errors\" flag: use one of text, json\n"},
	} {
		var stdout, stderr bytes.Buffer
		s := Streams{Out: &stdout, Err: &stderr, Env: tt.env}
		root := tree(func(*cobra.Command, []string) error { return tt.err })
		root.PersistentPreRun = func(cmd *cobra.Command, _ []string) { s.ApplyEnv("P", cmd.InheritedFlags()) }
		if code := (Program{Root: root, Streams: s, Prefix: "P"}).Main(t.Context(), tt.args); code != tt.code || stderr.String() != tt.want {
			t.Errorf("%s: exit code %d, stderr %q\nwant %d, %q", tt.name, code, &stderr, tt.code, tt.want)
		}
		if tt.want != "" && tt.want[0] == '{' && !json.Valid(stderr.Bytes()) {
			t.Errorf("%s: not JSON", tt.name)
		}
	}
}
