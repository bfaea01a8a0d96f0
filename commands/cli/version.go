package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/printer"
)

// Version returns the command that prints the version of program: upstream's
// two lines for the release asked for, which scripts compare as a whole. Our own
// version follows with --build, and is part of the formats that hold a document.
func Version(program string, o *Output) *cobra.Command {
	withBuild := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of " + program,
		Long: fmt.Sprintf(`Print the release of etcd's %[1]s that this program replaces and its API
version. --build adds a line with the version of etcdkit; so do -w json, jsonl,
yaml and template.`, program),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := o.Release()
			if err != nil {
				return err
			}
			v := versions{program: program, version: r.Program, api: r.API, withBuild: withBuild}
			if !slices.Contains([]string{"json", "jsonl", "yaml", printer.Template}, o.Format()) {
				return v.write(cmd.OutOrStdout()) // as upstream, whatever the format
			}
			p, err := o.Printer(cmd.OutOrStdout())
			if err != nil {
				return err
			}
			return p.Print(v)
		},
	}
	addBuild(cmd.Flags(), &withBuild)
	return cmd
}

// VersionV2 returns the version command of etcdctl for the v2 API.
func VersionV2(program, version string) *cobra.Command {
	withBuild := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of " + program,
		Long: fmt.Sprintf(`Print the release of etcd's %[1]s that this program replaces and its API
version. --build adds a line with the version of etcdkit. "%[1]s health" shows
the versions of the servers.`, program),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return versions{program: program, version: version, api: "2", withBuild: withBuild}.write(cmd.OutOrStdout())
		},
	}
	addBuild(cmd.Flags(), &withBuild)
	return cmd
}

func addBuild(fs *pflag.FlagSet, to *bool) {
	fs.BoolVar(to, "build", false, "print the version of etcdkit too")
}

// VersionFlag gives a root command the flag --version, which prints our own
// version. Upstream's programs have no such flag, except etcdctl for v2.
func VersionFlag(root *cobra.Command) {
	root.Flags().Bool("version", false, "print the version of etcdkit")
	root.Version = Build()
	root.SetVersionTemplate(buildLine() + "\n")
}

// versions is the output of the version command.
type versions struct {
	program, version, api string
	withBuild             bool
}

// write prints the lines.
func (v versions) write(w io.Writer) error {
	text := fmt.Sprintf("%s version: %s\nAPI version: %s\n", v.program, v.version, v.api)
	if v.withBuild {
		text += buildLine() + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// JSON prints all versions.
func (v versions) JSON(t *printer.Text) {
	o := t.Object()
	o.String("version", v.version)
	o.String("api", v.api)
	o.String("etcdkit", Build())
	o.String("platform", platform())
	o.String("go", runtime.Version())
	o.End()
}

func buildLine() string {
	return fmt.Sprintf("etcdkit version: %s %s %s", Build(), platform(), runtime.Version())
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// stamped is the version that the Makefile takes from git.
//
//nolint:gochecknoglobals // the linker sets it
var stamped string

// Build returns the version that the program was built from: the stamped one,
// or else that of the module, or "(devel)".
func Build() string {
	if stamped != "" {
		return stamped
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
