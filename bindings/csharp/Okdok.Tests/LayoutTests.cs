using System.Collections.Generic;
using System.Globalization;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // The structs have the layout that the C compiler gives them.
    public sealed class LayoutTests
    {
        [Fact]
        public async Task Structs_are_as_C_sees_them()
        {
            using (ScratchFolder scratch = new ScratchFolder())
            {
                string program = scratch.At("layout");
                await Compiler.Compile("layout.c", program);
                ChildProcess layout = await ChildProcess.Run(program, "", new Dictionary<string, string>(), scratch.Path);
                Assert.Equal(0, layout.ExitCode);
                Assert.Equal(string.Join("\n", Expected()) + "\n", layout.Output);
            }
        }

        private static unsafe List<string> Expected()
        {
            NativeMethods.Options options = default;
            NativeMethods.Error error = default;
            List<string> lines = new List<string>
            {
                "OKDOK_ABI_VERSION " + NativeMethods.AbiVersion.ToString(CultureInfo.InvariantCulture),
                "bool " + sizeof(byte),
                "okdok_status " + sizeof(OkdokStatus),
                "okdok_options " + sizeof(NativeMethods.Options),
            };
            byte* start = (byte*)&options;
            Add("okdok_options.size", (byte*)&options.size - start, sizeof(uint));
            Add("okdok_options.timeout_ms", (byte*)&options.timeout_ms - start, sizeof(uint));
            Add("okdok_options.connect_timeout_ms", (byte*)&options.connect_timeout_ms - start, sizeof(uint));
            Add("okdok_options.max_attempts", (byte*)&options.max_attempts - start, sizeof(uint));
            Add("okdok_options.ca_file", (byte*)&options.ca_file - start, sizeof(byte*));
            Add("okdok_options.proxy", (byte*)&options.proxy - start, sizeof(byte*));
            Add("okdok_options.user_agent", (byte*)&options.user_agent - start, sizeof(byte*));
            lines.Add("okdok_error " + sizeof(NativeMethods.Error));
            start = (byte*)&error;
            Add("okdok_error.status", (byte*)&error.status - start, sizeof(int));
            Add("okdok_error.http_status", (byte*)&error.http_status - start, sizeof(int));
            Add("okdok_error.attempts", (byte*)&error.attempts - start, sizeof(uint));
            Add("okdok_error.outcome_unknown", (byte*)&error.outcome_unknown - start, sizeof(uint));
            Add("okdok_error.retry_after_ms", (byte*)&error.retry_after_ms - start, sizeof(uint));
            Add("okdok_error.service_code", error.service_code - start, NativeMethods.Error.ServiceCodeLength);
            Add("okdok_error.service_value", error.service_value - start, NativeMethods.Error.ServiceValueLength);
            Add("okdok_error.message", error.message - start, NativeMethods.Error.MessageLength);
            Add("okdok_error.elapsed_ms", (byte*)&error.elapsed_ms - start, sizeof(uint));
            Add("okdok_error.attempt_log", (byte*)error.attempt_log - start, NativeMethods.Error.LoggedAttempts * sizeof(NativeMethods.Attempt));
            Add("okdok_error.reserved", (byte*)error.reserved - start, sizeof(NativeMethods.Error) - ((byte*)error.reserved - start));
            NativeMethods.Attempt attempt = default;
            lines.Add("okdok_attempt " + sizeof(NativeMethods.Attempt));
            start = (byte*)&attempt;
            Add("okdok_attempt.status", (byte*)&attempt.status - start, sizeof(short));
            Add("okdok_attempt.http_status", (byte*)&attempt.http_status - start, sizeof(short));
            Add("okdok_attempt.waited_ms", (byte*)&attempt.waited_ms - start, sizeof(uint));
            Add("okdok_attempt.elapsed_ms", (byte*)&attempt.elapsed_ms - start, sizeof(uint));
            return lines;

            void Add(string field, long offset, long size) => lines.Add(field + " " + offset + " " + size);
        }
    }
}
