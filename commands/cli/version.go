package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Version returns the command that prints the version of program: upstream's
// two lines for the release asked for, which scripts parse, and one that says
// whose program this is.
func Version(program string, o *Output) *cobra.Command {
	return Brief(&cobra.Command{
		Use:   "version",
		Short: "Print the version of " + program,
		Long: fmt.Sprintf(`Print the release of etcd's %[1]s that this program stands in for, the API
version it speaks, and its own build.`, program),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := o.Release()
			if err != nil {
				return err
			}
			return PrintVersion(cmd.OutOrStdout(), program, r.Program, r.API)
		},
	})
}

// PrintVersion prints the lines of a version command: program stands in for a
// version of upstream's, and speaks an API.
func PrintVersion(w io.Writer, program, version, api string) error {
	_, err := fmt.Fprintf(w, "%s version: %s\nAPI version: %s\netcdkit version: %s %s/%s %s\n",
		program, version, api, build(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	return err
}

// build is the module version that the program was built from, or "(devel)".
func build() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
