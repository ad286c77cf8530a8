#if !NET8_0_OR_GREATER
namespace System.Diagnostics.CodeAnalysis
{
    // The compiler goes by their names; netstandard2.0 has none.
    [AttributeUsage(AttributeTargets.Property)]
    internal sealed class AllowNullAttribute : Attribute
    {
    }

    [AttributeUsage(AttributeTargets.Property)]
    internal sealed class MaybeNullAttribute : Attribute
    {
    }
}
#endif
