package ctl

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
)

// utility is the program that works on files.
const utility = "etcdutl"

// findUtility returns the path of the etcdutl beside this program, or else of
// the one on the PATH.
func findUtility() (string, error) {
	var dir string
	if self, err := os.Executable(); err == nil {
		dir = filepath.Dir(self)
		beside := filepath.Join(dir, utility)
		if runtime.GOOS == "windows" {
			beside += ".exe"
		}
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath(utility)
	if err != nil {
		return "", fmt.Errorf("%s does this, and there is none beside %s, in %s, or on the PATH", utility, program, dir)
	}
	return path, nil
}

// handOver has etcdutl run its command of the same name with the arguments and
// those of the named flags that were given, and ends as that does. Releases up
// to 3.5 had such commands in etcdctl.
func (a *app) handOver(cmd *cobra.Command, args []string, flags ...string) error {
	path, err := findUtility()
	if err != nil {
		return err
	}
	words := strings.Fields(cmd.CommandPath())[1:]
	fmt.Fprintf(a.Err, "Deprecated: use \"%s %s\" instead, as is done here.\n\n", utility, strings.Join(words, " "))
	child := exec.Command(path, append(words, utilityArgs(cmd.Flags(), flags, args)...)...)
	child.Env, child.Stdin, child.Stdout, child.Stderr = a.Env, a.In, a.Out, a.Err
	if compat := cmd.Flags().Lookup("compat").Value.String(); compat != "" {
		// An etcdutl that does not know the flag does not mind the variable.
		child.Env = append(slices.Clone(a.Env), cli.EnvName("ETCDUTL", "compat")+"="+compat)
	}
	r := newRelay()
	defer r.stop()
	if err := r.run(child, nil); err != nil {
		if child.ProcessState == nil {
			return fmt.Errorf("run %s: %w", path, err)
		}
		return cli.Reported(childCode(err), err)
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
