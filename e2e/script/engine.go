// Package script runs the end-to-end scripts: testscript with commands for real etcd clusters, and the same script
// through upstream's programs and ours with the transcripts compared. It runs binaries only and must not import the root
// module. The commands are described in ../README.md.
package script

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/proc"
	"etcdkit/e2e/refs"
)

const (
	// DefaultLine is the release line of server and reference where a script names none.
	DefaultLine = "3.7"

	// The bounds are for a machine that is ten times slower than usual.
	scriptBound = 15 * time.Minute // for one run of one script
	waitBound   = 5 * time.Minute  // for one thing a script waits for
)

// Engine runs scripts. Its fields are set once; its methods may run in parallel.
type Engine struct {
	Refs   *refs.Refs
	Ours   string // directory of the programs under test
	Update bool   // rewrite expectations instead of failing
	// KeepGoing runs a script to its end even when a line fails, so that one run shows everything that is wrong.
	KeepGoing bool
	Gate      *Gate // which every run of a script passes; nil for no limit
}

// side says whose programs a run of a script uses.
type side struct {
	name      string
	reference bool
	diff      bool   // the other side of a comparison runs as well
	line      string // release line of the reference and of servers
	compat    string // the release that ours is told to print as, "" for none
	secure    bool   // clusters are secure ones
}

// Script runs one script on our programs. Each command of the script needs a
// golden.
func (e *Engine) Script(t *testing.T, file string) {
	t.Helper()
	e.Enter(t, turnOf(t, file))
	if left := e.run(t, file, side{name: "ours", line: DefaultLine}, new(Transcript)); left > 0 && !t.Failed() {
		t.Errorf("%s: no golden line follows the last %d programs", file, left)
	}
}

// Diff runs one script on the reference programs of a release line and on ours, told to print as that line, and fails
// where their transcripts differ. On the default line ours is told nothing, so that tables differ in their borders; if
// there are any, a third run is told the line and has to draw the same ones. Once is enough for that: not on secure
// clusters.
func (e *Engine) Diff(t *testing.T, file string, run Run) {
	t.Helper()
	line := run.Line
	ours := side{name: "ours", diff: true, line: line, secure: run.Secure}
	if line != DefaultLine {
		ours.compat = line
	}
	reference := side{name: "reference", reference: true, diff: true, line: line, secure: run.Secure}
	trs := e.together(t, file, turnOf(t, file), reference, ours)
	ref := trs[0]
	if len(ref.Entries) == 0 {
		t.Errorf("%s compares nothing", file)
	}
	if d := Compare(ref.bordersOf(ours), trs[1]); d != "" {
		t.Errorf("%s: ours differs from the reference\n%s", file, d)
	}
	if line == DefaultLine && !run.Secure && ref.hasBorders() {
		told := e.together(t, file, TurnNext, side{name: "told", diff: true, line: line, compat: line})
		if d := Compare(ref, told[0]); d != "" {
			t.Errorf("%s: ours differs from the reference with --compat %s\n%s", file, line, d)
		}
	}
}

// together runs one script on each side, all at once, and returns the
// transcripts.
func (e *Engine) together(t *testing.T, file string, turn Turn, sides ...side) []*Transcript {
	t.Helper()
	trs := make([]*Transcript, len(sides))
	t.Run("run", func(t *testing.T) {
		for i, s := range sides {
			trs[i] = new(Transcript)
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				e.Enter(t, turn)
				e.run(t, file, s, trs[i])
			})
		}
	})
	return trs
}

// Enter waits until the test may run. It gives its place back when the test ends.
func (e *Engine) Enter(t *testing.T, turn Turn) {
	t.Helper()
	if e.Gate == nil {
		return
	}
	leave, err := e.Gate.Enter(t.Context(), turn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(leave)
}

// turnOf returns the turn of a script: long if it says so.
func turnOf(t *testing.T, file string) Turn {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`(?m)^long$`).Match(a.Comment) {
		return TurnLong
	}
	return TurnUsual
}

// state is one run of one script. It lives on the script's goroutine.
type state struct {
	eng  *Engine
	side side
	ctx  context.Context
	tr   *Transcript

	stranded bool   // a cluster did not start
	line     string // release line of the reference, which a plain script may change
	noStdin  bool   // the script never sets variables that programs read
	v2       bool   // the script is on the v2 interface
	masks    masks
	keys     map[string]bool // names of the variables programs see
	unset    map[string]bool // those of them that are to be missing rather than empty
	clusters map[string]*cluster.Cluster
	jobs     map[string]*job
	proxies  []*proxy
	servers  []*proc.Process   // of S3
	updates  map[string]string // new contents of files in the script's archive

	deviates  map[string]string // for the next recorded command
	allStderr bool
	asserted  int // entries of the transcript that goldens were held against
	last      struct {
		ran    bool
		exit   int
		format string
	}
}

type stateKey struct{}

func stateOf(ts *testscript.TestScript) *state { return ts.Value(stateKey{}).(*state) }

// solo runs a script within the calling test, rather than in a separate
// parallel one.
type solo struct{ *testing.T }

func (s solo) Parallel()                          {}
func (s solo) Run(_ string, f func(testscript.T)) { f(s) }
func (s solo) Verbose() bool                      { return testing.Verbose() }

// run plays a script and returns how many of its entries no golden was held against.
func (e *Engine) run(t *testing.T, file string, side side, tr *Transcript) int {
	t.Helper()
	left, err := e.play(t.Context(), solo{t}, file, side, tr)
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// play runs a script on one side. Faults in the script fail t; other faults are
// returned as the error.
func (e *Engine) play(ctx context.Context, t testscript.T, file string, side side, tr *Transcript) (left int, err error) {
	ctx, cancel := context.WithTimeout(ctx, scriptBound)
	defer cancel()
	st := &state{
		eng: e, side: side, ctx: ctx, tr: tr,
		keys:     make(map[string]bool),
		unset:    make(map[string]bool),
		clusters: make(map[string]*cluster.Cluster),
		jobs:     make(map[string]*job),
		updates:  make(map[string]string),
	}
	if err := st.readScript(file); err != nil {
		return 0, err
	}
	testscript.RunT(t, testscript.Params{
		ContinueOnError:     e.KeepGoing,
		Files:               []string{file},
		Deadline:            time.Now().Add(scriptBound),
		UpdateScripts:       e.Update,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup:               st.setup,
		Cmds:                commands(),
		Condition:           st.condition,
	})
	return len(tr.Entries) - st.asserted, st.applyUpdates(file)
}

// setup runs before the first line of the script.
func (st *state) setup(env *testscript.Env) error {
	env.Values[stateKey{}] = st
	env.Defer(func() {
		st.cleanup()
		st.tr.mask(st.masks.values)
	})
	if err := st.masks.add(env.WorkDir, "WORK"); err != nil {
		return err
	}
	line := st.side.line
	if st.v2 {
		line = v2Line
	}
	path, err := st.choose(line, env.Getenv("PATH"))
	if err != nil {
		return err
	}
	env.Setenv("PATH", path)
	dir, err := st.eng.Refs.Build(st.ctx, line)
	if err != nil {
		return err
	}
	server := filepath.Join(dir, "etcd")
	env.Setenv("ETCD", server)
	if err := st.writeContexts(env); err != nil {
		return err
	}
	if err := st.masks.add(server, "ETCD"); err != nil {
		return err
	}
	if st.side.compat != "" {
		env.Setenv("ETCDCTL_COMPAT", st.side.compat)
		env.Setenv("ETCDUTL_COMPAT", st.side.compat)
	}
	if st.v2 {
		env.Setenv("ETCDCTL_API", "2")
	}
	if st.side.reference { // a quarter of etcdctl's start-up time is spent on garbage collection
		env.Setenv("GOGC", "400")
	}
	if st.side.secure {
		st.masks.always = secureRules()
	}
	for _, kv := range env.Vars {
		name, _, _ := strings.Cut(kv, "=")
		st.keys[name] = true
	}
	return nil
}

// choose makes line the reference and returns the search path that finds the programs of this side.
func (st *state) choose(line, path string) (string, error) {
	dir, err := st.eng.Refs.Build(st.ctx, line)
	if err != nil {
		return "", err
	}
	sep := string(os.PathListSeparator)
	if st.line != "" { // drop the directories that the earlier choice prepended
		_, path, _ = strings.Cut(path, sep)
	}
	st.line = line
	if !st.side.reference {
		dir = st.eng.Ours
	}
	return dir + sep + path, nil
}

func (st *state) cleanup() {
	for _, j := range st.jobs {
		j.end()
	}
	for _, p := range st.proxies {
		p.close()
	}
	for _, c := range st.clusters {
		c.Kill()
	}
	for _, p := range st.servers {
		p.Kill()
	}
}

// readScript notes whether the script is on v2, whether it has a stdin line, and the names of the variables that the script sets with the builtin env command: testscript shows a
// command single variables but not which there are.
func (st *state) readScript(file string) error {
	a, err := txtar.ParseFile(file)
	if err != nil {
		return err
	}
	st.v2 = saysV2(a.Comment)
	st.noStdin = !regexp.MustCompile(`(?m)^\s*(?:\[[^\]]*\]\s*)*stdin\s`).Match(a.Comment)
	set := regexp.MustCompile(`(?m)^\s*(?:\[[^\]]*\]\s*)*env\s+(.*)$`)
	name := regexp.MustCompile(`(?:^|\s)'?([A-Za-z_][A-Za-z0-9_]*)=`)
	for _, line := range set.FindAllStringSubmatch(string(a.Comment), -1) {
		for _, m := range name.FindAllStringSubmatch(line[1], -1) {
			st.keys[m[1]] = true
		}
	}
	return nil
}

// setenv sets a variable of the script.
func (st *state) setenv(ts *testscript.TestScript, name, value string) {
	st.keys[name] = true
	ts.Setenv(name, value)
}

// environ is the environment of a program started from the script.
func (st *state) environ(ts *testscript.TestScript) []string {
	env := make([]string, 0, len(st.keys)+1)
	for _, k := range slices.Sorted(maps.Keys(st.keys)) {
		if v := ts.Getenv(k); v != "" || !st.unset[k] {
			env = append(env, k+"="+v)
		}
	}
	return append(env, "PWD="+ts.MkAbs("."))
}

func (st *state) applyUpdates(file string) error {
	if len(st.updates) == 0 {
		return nil
	}
	a, err := txtar.ParseFile(file)
	if err != nil {
		return err
	}
	for i := range a.Files {
		if text, ok := st.updates[a.Files[i].Name]; ok {
			a.Files[i].Data = []byte(text)
			delete(st.updates, a.Files[i].Name)
		}
	}
	if len(st.updates) > 0 {
		return fmt.Errorf("%s: no such files to update: %v", file, slices.Sorted(maps.Keys(st.updates)))
	}
	return os.WriteFile(file, txtar.Format(a), 0o644)
}

// contexts is a file of contexts whose current one leads nowhere. Without a terminal it must change nothing, so every
// script runs with it.
const contexts = "version: 1\ncurrent: elsewhere\ncontexts:\n  elsewhere: {endpoints: 127.0.0.1:1, hex: true, write-out: yaml}\n"

// writeContexts writes that file to where our etcdctl finds it.
func (st *state) writeContexts(env *testscript.Env) error {
	home := env.WorkDir + "-config" // beside it, because scripts list what is in it
	if err := os.MkdirAll(filepath.Join(home, "etcdctl"), 0o700); err != nil {
		return err
	}
	env.Setenv("XDG_CONFIG_HOME", home)
	return os.WriteFile(filepath.Join(home, "etcdctl", "config.yaml"), []byte(contexts), 0o600)
}
