package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

// terminalOf is a terminal and what a program has written to it.
type terminalOf struct {
	t    *testing.T
	ctrl *os.File
	mu   sync.Mutex
	all  strings.Builder
}

func (c *terminalOf) shown() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all.String()
}

func (c *terminalOf) collect() {
	b := make([]byte, 4096)
	for {
		n, err := c.ctrl.Read(b)
		c.mu.Lock()
		c.all.Write(b[:n])
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// want waits until a text was written.
func (c *terminalOf) want(text string) {
	c.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(c.shown(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("%q was not shown in %q", text, c.shown())
		}
	}
}

// TestBrowse browses a cluster and its snapshot (C-570). Quitting and signals leave the terminal as it was.
func TestBrowse(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), cluster.Options{Bin: build(t, "3.7"), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	file := filepath.Join(t.TempDir(), "s.db")
	for _, args := range [][]string{{"put", "/app/mode", "quietly"}, {"snapshot", "save", file}} {
		if out, err := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdctl"), append([]string{"--endpoints", c.Endpoints()}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", args, err, out)
		}
	}
	for name, args := range map[string][]string{"etcdctl": {"--endpoints", c.Endpoints(), "browse"}, "etcdutl": {"browse", "--from", file}} {
		for _, size := range []pty.Winsize{{Rows: 24, Cols: 80}, {Rows: 40, Cols: 120}} {
			browse(t, name, args, size, 0)
		}
		browse(t, name, args, pty.Winsize{Rows: 24, Cols: 80}, syscall.SIGTERM)
		browse(t, name, args, pty.Winsize{Rows: 24, Cols: 80}, syscall.SIGINT)
	}
}

// browse opens a directory, looks at a key, and ends by a signal, or by q if that is 0.
func browse(t *testing.T, program string, args []string, size pty.Winsize, end syscall.Signal) {
	t.Helper()
	ctrl, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ctrl.Close()
	defer tty.Close()
	if err := pty.Setsize(tty, &size); err != nil {
		t.Fatal(err)
	}
	before, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), refs.Path(engine.Ours, program), args...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=1", "LC_ALL=C")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	term := &terminalOf{t: t, ctrl: ctrl}
	go term.collect()
	press := func(key, want string) {
		t.Helper()
		if _, err := ctrl.WriteString(key); err != nil {
			t.Fatal(err)
		}
		term.want(want)
	}
	term.want("/app/")
	press("\r", "mode")
	press("j", "quietly")
	if end == 0 {
		_, err = ctrl.WriteString("q")
	} else {
		err = cmd.Process.Signal(end)
	}
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); end == 0 && err != nil || end != 0 && (!ok || status.Signal() != end) {
		t.Errorf("%s ended with %v after signal %v", program, cmd.ProcessState, end)
	}
	after, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if *after != *before {
		t.Errorf("%s, signal %v: the terminal is %+v, and was %+v", program, end, after, before)
	}
	term.want("\x1b[?1049l") // leaves the alternate screen
	if color := regexp.MustCompile(`\x1b\[[0-9;]*\b[34][0-8](;[0-9]+)*m`).FindString(term.shown()); color != "" {
		t.Errorf("%q sets a color", color)
	}
}
