package script

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/testscript"
)

type command = func(ts *testscript.TestScript, neg bool, args []string)

// commands is every command that scripts have besides testscript's own.
func commands() map[string]command {
	return map[string]command{
		"etcdctl":       cmdProgram("etcdctl"),
		"etcdutl":       cmdProgram("etcdutl"),
		"sh":            cmdProgram("sh"),
		"ref":           positive(cmdRef),
		"eventually":    positive(cmdEventually),
		"pty":           cmdPty,
		"await":         positive(cmdAwait),
		"signal":        positive(cmdSignal),
		"feed":          positive(cmdFeed),
		"collect":       cmdCollect,
		"cluster":       positive(cmdCluster),
		"stopmember":    positive(cmdStopMember),
		"startmember":   positive(cmdStartMember),
		"proxy":         positive(cmdProxy),
		"s3":            positive(cmdS3),
		"awaitwatchers": positive(cmdAwaitWatchers),
		"reservemember": positive(cmdReserveMember),
		"joinmember":    positive(cmdJoinMember),
		"reference":     positive(cmdReference),
		"releases":      positive(cmdReleases),
		"long":          positive(cmdLong),
		"plainonly":     positive(cmdPlainOnly),
		"v2":            positive(cmdV2),
		"v2fill":        positive(cmdV2Fill),
		"unenv":         positive(cmdUnenv),
		"exitcode":      positive(cmdExitCode),
		"capture":       positive(cmdCapture),
		"mask":          positive(cmdMask),
		"unmask":        positive(cmdUnmask),
		"cmpmask":       positive(cmdCmpMask),
		"golden":        positive(cmdGolden),
		"deviates":      positive(cmdDeviates),
		"compare":       positive(cmdCompare),
	}
}

// positive refuses "!" before a command that has no failing form.
func positive(f func(ts *testscript.TestScript, st *state, args []string)) command {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command takes no !")
		}
		f(ts, stateOf(ts), args)
	}
}

// cmdReference: reference LINE chooses the release whose programs and servers are used from here on.
func cmdReference(ts *testscript.TestScript, st *state, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: reference LINE")
	}
	if st.side.diff {
		ts.Fatalf("a differential script runs on every release, or on those that releases names")
	}
	path, err := st.choose(args[0], ts.Getenv("PATH"))
	ts.Check(err)
	st.setenv(ts, "PATH", path)
	compat := args[0]
	if compat == DefaultLine {
		compat = ""
	}
	st.setenv(ts, "ETCDCTL_COMPAT", compat)
	st.setenv(ts, "ETCDUTL_COMPAT", compat)
}

// cmdUnenv: unenv NAME... takes variables out of the environment, which env NAME= does not.
func cmdUnenv(ts *testscript.TestScript, st *state, args []string) {
	for _, name := range args {
		ts.Setenv(name, "")
		st.unset[name] = true
	}
}

// cmdExitCode: exitcode N asserts how the last program ended.
func cmdExitCode(ts *testscript.TestScript, st *state, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: exitcode N")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if !st.last.ran {
		ts.Fatalf("no program has run")
	}
	if st.last.exit != want {
		ts.Fatalf("exit code %d, want %d", st.last.exit, want)
	}
}

// cmdCapture: capture [-id|-dec|-plain] NAME REGEXP [FILE] keeps a piece of the last output in a variable and, unless
// -plain, has it printed as $NAME from now on.
func cmdCapture(ts *testscript.TestScript, st *state, args []string) {
	kind := ""
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		kind, args = args[0], args[1:]
	}
	if len(args) != 2 && len(args) != 3 {
		ts.Fatalf("usage: capture [-id|-dec|-plain] NAME REGEXP [FILE]")
	}
	file := "stdout"
	if len(args) == 3 {
		file = args[2]
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile(file))
	if m == nil {
		ts.Fatalf("no match for %s in %s", args[1], file)
	}
	name, text := args[0], m[len(m)-1]
	switch kind {
	case "":
		ts.Check(st.masks.add(text, name))
	case "-plain":
	case "-id", "-dec":
		base := 16
		if kind == "-dec" {
			base = 10
		}
		id, err := strconv.ParseUint(text, base, 64)
		ts.Check(err)
		ts.Check(st.nameID(ts, name, id))
		return
	default:
		ts.Fatalf("capture has no %s", kind)
	}
	st.setenv(ts, name, text)
}

// nameID sets $name to the hexadecimal and $name_DEC to the decimal form of an id and masks both, and the form with
// leading zeros, under different names: which form is printed where is part of the output.
func (st *state) nameID(ts *testscript.TestScript, name string, id uint64) error {
	hex, dec := strconv.FormatUint(id, 16), strconv.FormatUint(id, 10)
	st.setenv(ts, name, hex)
	st.setenv(ts, name+"_DEC", dec)
	if padded := fmt.Sprintf("%016x", id); padded != hex {
		if err := st.masks.add(padded, name+"_PADDED"); err != nil {
			return err
		}
	}
	if err := st.masks.add(hex, name); err != nil {
		return err
	}
	return st.masks.add(dec, name+"_DEC")
}

// cmdMask: mask RULE... switches rules on, until unmask.
func cmdMask(ts *testscript.TestScript, st *state, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: mask RULE...")
	}
	for _, name := range args {
		ts.Check(st.masks.enable(name))
	}
}

// cmdUnmask: unmask [RULE...] switches rules off, without names all of them.
func cmdUnmask(ts *testscript.TestScript, st *state, args []string) {
	if len(args) == 0 {
		st.masks.disableAll()
	}
	for _, name := range args {
		ts.Check(st.masks.disable(name))
	}
}

// cmdCmpMask: cmpmask FILE WANT compares a whole file or stream, masked, with a file of the script.
func cmdCmpMask(ts *testscript.TestScript, st *state, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: cmpmask FILE WANT")
	}
	format := ""
	if args[0] == "stdout" {
		format = st.last.format
	}
	text, _ := st.readable(ts.ReadFile(args[0]), format)
	got := st.masks.apply(text, format)
	want := ts.ReadFile(args[1])
	if got == want {
		return
	}
	if st.eng.Update {
		st.updates[args[1]] = got
		return
	}
	ts.Fatalf("%s differs\n%s", args[0], diff.Diff(args[1], []byte(want), args[0], []byte(got)))
}

// cmdDeviates: deviates ASPECT... ID announces that ours differs from the reference in the next command, as the row ID of
// docs/compat.md says.
func cmdDeviates(ts *testscript.TestScript, st *state, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: deviates stdout|extra|error|detail|exit... ID")
	}
	st.deviates = make(map[string]string)
	id := args[len(args)-1]
	if !rowID.MatchString(id) {
		ts.Fatalf("deviates ends with the id of a row of docs/compat.md, such as C-017, not %q", id)
	}
	for _, aspect := range args[:len(args)-1] {
		switch aspect {
		case aspectStdout, aspectExtra, aspectError, aspectDetail, aspectExit:
			st.deviates[aspect] = id
		default:
			ts.Fatalf("no aspect %q", aspect)
		}
	}
}

// cmdCompare: compare stderr|error chooses whether all of stderr counts, log lines excepted, or only a failing command's
// error.
func cmdCompare(ts *testscript.TestScript, st *state, args []string) {
	if len(args) != 1 || (args[0] != "stderr" && args[0] != "error") {
		ts.Fatalf("usage: compare stderr|error")
	}
	st.allStderr = args[0] == "stderr"
}
