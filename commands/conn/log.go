package conn

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc/grpclog"

	"etcdkit/commands/cli"
)

// envPrefix is the prefix of the environment variables of the flags.
const envPrefix = "ETCDCTL"

// logger returns the client's logger. It discards everything, or with --debug
// writes to standard error, after a list of all settings.
//
// grpc has one logger for the whole process, so it is set only where standard
// error is that of the process. A run in memory logs nothing, because grpc and the
// client log from their own goroutines at any time.
func (f *Flags) logger(s cli.Streams) *zap.Logger {
	if f.debug {
		printSettings(s.Err, f.set)
	}
	return f.quietLogger(s)
}

// quietLogger is logger without the list, for a second client.
func (f *Flags) quietLogger(s cli.Streams) *zap.Logger {
	file, own := s.Err.(*os.File)
	switch {
	case own && f.debug:
		grpclog.SetLoggerV2(grpclog.NewLoggerV2WithVerbosity(file, file, file, 4))
		enc := zap.NewProductionEncoderConfig()
		enc.EncodeTime = zapcore.ISO8601TimeEncoder
		core := zapcore.NewCore(zapcore.NewJSONEncoder(enc), zapcore.Lock(file), zap.DebugLevel)
		return zap.New(core).Named("etcd-client")
	case own:
		grpclog.SetLoggerV2(silent{grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard)})
	}
	return zap.NewNop()
}

// printSettings lists the flags as the environment variables that set them.
func printSettings(w io.Writer, fs *pflag.FlagSet) {
	fs.VisitAll(func(f *pflag.Flag) {
		fmt.Fprintf(w, "%s=%s\n", cli.EnvName(envPrefix, f.Name), masked(f.Name, f.Value.String()))
	})
}

// masked returns a value without its secrets. Whether something is set is not
// secret.
func masked(flag, value string) string {
	const hidden = "***"
	switch flag {
	case "password", "auth-jwt-token":
		if value != "" {
			return hidden
		}
	case "user":
		if name, password, ok := strings.Cut(value, ":"); ok && password != "" {
			return name + ":" + hidden
		}
	case "endpoints":
		list := strings.Split(strings.Trim(value, "[]"), ",")
		for i, ep := range list {
			list[i] = redacted(ep)
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	return value
}

// silent is a logger with no level enabled, so that grpc does not format messages
// that would be discarded.
type silent struct{ grpclog.LoggerV2 }

func (silent) V(int) bool { return false }
