package cli

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Utility is the program that works on files.
const Utility = "etcdutl"

// Beside returns the path of another program of ours: the one in the directory of
// this program, or else the one on the PATH. self is the name of this one.
func Beside(self, name string) (string, error) {
	var dir string
	if path, err := os.Executable(); err == nil {
		dir = filepath.Dir(path)
		beside := filepath.Join(dir, name)
		if runtime.GOOS == "windows" {
			beside += ".exe"
		}
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("this command needs %s, which is neither beside %s, in %s, nor on the PATH", name, self, dir)
	}
	return path, nil
}

// FindUtility is Beside for etcdutl.
func FindUtility(program string) (string, error) { return Beside(program, Utility) }

// HandOver runs etcdutl's command of the same name with the arguments and with
// those of the named flags that were given, and exits like it. Releases up to
// 3.5 had such commands in etcdctl.
func (s Streams) HandOver(cmd *cobra.Command, args []string, flags ...string) error {
	path, err := FindUtility(cmd.Root().Name())
	if err != nil {
		return err
	}
	words := strings.Fields(cmd.CommandPath())[1:]
	fmt.Fprintf(s.Err, "Deprecated: use \"%s %s\" instead, as is done here.\n\n", Utility, strings.Join(words, " "))
	return s.runUtility(cmd, path, append(words, utilityArgs(cmd.Flags(), flags, args)...))
}

// Utility runs a command of etcdutl with the arguments, those of the named
// flags of cmd that were given, and in as standard input. It exits like it.
func (s Streams) Utility(cmd *cobra.Command, in io.Reader, words, args []string, flags ...string) error {
	path, err := FindUtility(cmd.Root().Name())
	if err != nil {
		return err
	}
	s.In = in
	return s.runUtility(cmd, path, append(slices.Clone(words), utilityArgs(cmd.Flags(), flags, args)...))
}

func (s Streams) runUtility(cmd *cobra.Command, path string, args []string) error {
	child := exec.Command(path, args...)
	child.Env, child.Stdin, child.Stdout, child.Stderr = s.Env, s.In, s.Out, s.Err
	if _, none := s.In.(NoInput); none {
		child.Stdin = nil
	}
	if f := cmd.Flags().Lookup(compatFlag); f != nil && f.Value.String() != "" {
		// An etcdutl that does not know the flag does not mind the variable.
		child.Env = append(slices.Clone(s.Env), EnvName("ETCDUTL", compatFlag)+"="+f.Value.String())
	}
	r := NewRelay()
	defer r.Stop()
	if err := r.Run(child, nil); err != nil {
		if child.ProcessState == nil {
			return fmt.Errorf("run %s: %w", path, err)
		}
		return Reported(ChildCode(err), err)
	}
	return nil
}

// utilityArgs is a command line of the flags named, so far as they were given,
// the format, and the arguments.
func utilityArgs(fs *pflag.FlagSet, flags, args []string) []string {
	var line []string
	fs.VisitAll(func(f *pflag.Flag) { // Visit knows of no flag that was set by its variable
		if f.Changed && (f.Name == "write-out" || slices.Contains(flags, f.Name)) {
			line = append(line, "--"+f.Name+"="+f.Value.String())
		}
	})
	return append(append(line, "--"), args...)
}
