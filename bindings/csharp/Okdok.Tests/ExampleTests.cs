using System;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // The README's program.
    public sealed class ExampleTests
    {
        private static string Library => Environment.GetEnvironmentVariable("OKDOK_LIBRARY") ?? "";

        [Theory]
        [InlineData("missing-1", Sandbox.Key, "There is no such signature request.")]
        [InlineData("id", "wrong", "The service does not accept this API key.")]
        [InlineData("error-1", Sandbox.Key, "The service may have deleted it anyway; run this again to find out.")]
        [InlineData("a/b", Sandbox.Key, "Not sent: ")]
        public async Task It_says_why_not(string id, string key, string words)
        {
            using (ScratchFolder scratch = new ScratchFolder())
            {
                ExampleProgram.CopyTo(scratch);
                ChildProcess child = await ExampleProgram.Run(scratch, id, Sandbox.Url, key, Library);
                Assert.Contains(words, child.Error, StringComparison.Ordinal);
                Assert.Equal("", child.Output);
                Assert.Equal(1, child.ExitCode);
            }
        }

        [Fact]
        public async Task It_says_what_it_deleted()
        {
            using (ScratchFolder scratch = new ScratchFolder())
            {
                ExampleProgram.CopyTo(scratch);
                string id = Sandbox.NewId();
                ChildProcess child = await ExampleProgram.Run(scratch, id, Sandbox.Url, Sandbox.Key, Library);
                Assert.Equal("Deleted " + id, child.Output.Trim());
                Assert.Equal("", child.Error);
                Assert.Equal(0, child.ExitCode);
            }
        }

        [Fact]
        public async Task It_says_that_nobody_listens()
        {
            using (FaultServer server = FaultServer.Closed())
            using (ScratchFolder scratch = new ScratchFolder())
            {
                ExampleProgram.CopyTo(scratch);
                ChildProcess child = await ExampleProgram.Run(scratch, "id", server.Url, Sandbox.Key, Library);
                Assert.Contains("Not deleted: ", child.Error, StringComparison.Ordinal);
                Assert.Equal(1, child.ExitCode);
            }
        }
    }
}
