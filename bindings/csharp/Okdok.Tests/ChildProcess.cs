using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading.Tasks;

namespace Okdok.Tests
{
    // A program that has ended.
    internal sealed class ChildProcess
    {
        private ChildProcess(int exitCode, string output, string error)
        {
            ExitCode = exitCode;
            Output = output;
            Error = error;
        }

        internal int ExitCode { get; }

        internal string Output { get; }

        internal string Error { get; }

        internal static async Task<ChildProcess> Run(
            string program, string arguments, IReadOnlyDictionary<string, string> environment, string workingDirectory)
        {
            ProcessStartInfo start = new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardOutputEncoding = Encoding.UTF8,
                StandardErrorEncoding = Encoding.UTF8,
                WorkingDirectory = workingDirectory,
            };
            foreach (KeyValuePair<string, string> variable in environment)
            {
                start.EnvironmentVariables[variable.Key] = variable.Value;
            }

            using (Process process = Process.Start(start)!)
            {
                Task<string> output = process.StandardOutput.ReadToEndAsync();
                Task<string> error = process.StandardError.ReadToEndAsync();
                await Task.WhenAll(output, error);
                process.WaitForExit();
                return new ChildProcess(process.ExitCode, await output, await error);
            }
        }
    }
}
