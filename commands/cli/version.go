package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// The release of upstream's programs whose behaviour is the default here.
const (
	upstreamVersion = "3.7.3"
	upstreamAPI     = "3.7"
)

// Version returns the command that prints the version of program: upstream's
// two lines, which scripts parse, and one that says whose program this is.
func Version(program string) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of " + program,
		Long: fmt.Sprintf(`Print the release of etcd's %[1]s that this program stands in for, the API
version it speaks, and its own build.`, program),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s version: %s\nAPI version: %s\netcdkit version: %s %s/%s %s\n",
				program, upstreamVersion, upstreamAPI, build(), runtime.GOOS, runtime.GOARCH, runtime.Version())
			return err
		},
	}
}

// build is the module version that the program was built from, or "(devel)".
func build() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
