/*
 * Root component whose session creation compiles with every Genode version from 24.11 on
 *
 * Up to 25.x '_create_session' returns a pointer, later a 'Create_result'; '_upgrade_session' takes what fits.
 */
#ifndef _INCLUDE__RS_INTEROP__ROOT_H_
#define _INCLUDE__RS_INTEROP__ROOT_H_

#include <root/component.h>

namespace Rs_interop {

	using namespace Genode;

	template <typename ROOT, typename SESSION>
	struct Created
	{
		using Type     = SESSION *;
		using Argument = SESSION *;

		static SESSION &session(Argument s) { return *s; }
	};

	template <typename ROOT, typename SESSION>
	requires requires { typename ROOT::Create_result; }
	struct Created<ROOT, SESSION>
	{
		using Type     = typename ROOT::Create_result;
		using Argument = SESSION &;

		static SESSION &session(Argument s) { return s; }
	};

	template <typename SESSION, typename CONTEXT>
	struct Any_root : Root_component<SESSION>
	{
		using Super    = Root_component<SESSION>;
		using Version  = Created<Super, SESSION>;
		using Result   = typename Version::Type;
		using Argument = typename Version::Argument;

		CONTEXT &_context;

		Any_root(Entrypoint &ep, Allocator &alloc, CONTEXT &context)
		: Super(ep, alloc), _context(context) { }

		template <typename R>
		R _make()
		{
			if constexpr (requires { this->_alloc_obj(_context); })
				return this->_alloc_obj(_context);
			else
				return new (this->md_alloc()) SESSION(_context);
		}

		Result _create_session(char const *) override { return _make<Result>(); }

		/* sessions that want to know have a function 'upgrade' */
		void _upgrade_session(Argument argument, char const *args) override
		{
			SESSION &session = Version::session(argument);
			if constexpr (requires { session.upgrade(args); })
				session.upgrade(args);
		}
	};
}

#endif /* _INCLUDE__RS_INTEROP__ROOT_H_ */
