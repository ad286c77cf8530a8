using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Xunit;

namespace Okdok.Tests
{
    // All calls into C are declared in one file, with numbers and pointers only.
    public sealed class BoundaryTests
    {
        private const BindingFlags All =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

        private static readonly Type[] Blittable = { typeof(void), typeof(byte), typeof(int), typeof(uint), typeof(IntPtr) };

        private static readonly Assembly Library = typeof(OkdokClient).Assembly;

        [Fact]
        public void Nothing_needs_marshalling()
        {
            List<MethodInfo> functions = Functions().ToList();
            Assert.True(functions.Count >= 6);
            foreach (MethodInfo function in functions)
            {
                foreach (Type type in function.GetParameters().Select(parameter => parameter.ParameterType).Append(function.ReturnType))
                {
                    Assert.True(type.IsPointer || Blittable.Contains(type), function.DeclaringType + " " + function + " " + type);
                }
            }
        }

        [Fact]
        public void There_is_one_file_of_it()
        {
            Assert.All(Functions(), function => Assert.StartsWith("Okdok.NativeMethods", function.DeclaringType!.FullName, StringComparison.Ordinal));
        }

        [Fact]
        public void Every_function_of_the_header_is_bound()
        {
            string header = File.ReadAllText(Path.Combine(Repository.Root, "include", "okdok.h"));
            IEnumerable<string> declared = Regex.Matches(header, @"^[a-z].*?\b(okdok_\w+)\(", RegexOptions.Multiline).Cast<Match>()
                .Select(match => match.Groups[1].Value);
            IEnumerable<string> bound = typeof(NativeMethods).GetFields(All).Select(field => field.Name).Where(name => name.StartsWith("okdok_", StringComparison.Ordinal));
            Assert.Equal(declared.OrderBy(name => name, StringComparer.Ordinal), bound.OrderBy(name => name, StringComparer.Ordinal));
        }

        [Fact]
        public void The_library_is_of_the_same_release() =>
            Assert.Equal(Repository.Version, LibraryVersion());

        [Fact]
        public void The_assembly_has_a_strong_name() =>
            Assert.Equal("548376d23082cc10", string.Concat(Library.GetName().GetPublicKeyToken()!.Select(b => b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture))));

        [Fact]
        public void Public_classes_can_be_stood_in_for()
        {
            foreach (Type type in Library.GetExportedTypes().Where(type => type.IsClass))
            {
                Assert.False(type.IsSealed, type.Name);
            }
        }

        private static unsafe string LibraryVersion() => NativeText.Decode(NativeLoader.Methods.okdok_version(), 64);

        // Methods of the system's libraries, and delegates for those of ours.
        private static IEnumerable<MethodInfo> Functions()
        {
            foreach (Type type in Library.GetTypes())
            {
                if (type.GetCustomAttribute<UnmanagedFunctionPointerAttribute>() != null)
                {
                    yield return type.GetMethod("Invoke")!;
                }

                foreach (MethodInfo method in type.GetMethods(All).Where(method => method.Attributes.HasFlag(MethodAttributes.PinvokeImpl)))
                {
                    yield return method;
                }
            }
        }
    }
}
